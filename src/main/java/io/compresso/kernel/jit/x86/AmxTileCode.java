package io.compresso.kernel.jit.x86;

import io.compresso.kernel.jit.CodeBuffer.Label;
import io.compresso.kernel.jit.x86.Assembler.Condition;
import io.compresso.kernel.nhwc.Split;
import io.compresso.kernel.nhwc.TileShape;
import io.compresso.kernel.nhwc.Window.Loop;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;

/**
 * Generates the same function as {@link TileCode}, of bytes, whose sums are made in the tiles of
 * AMX, two by two, and finished in vector registers. The windows of a tile's pixels must lie at
 * even distances: it has one row or one column of pixels. Runs have whole units of 64 bytes.
 *
 * @param shape at most 32 pixels and 2 vectors
 * @param assembler makes the assembler
 */
record AmxTileCode(TileShape shape, Supplier<Assembler> assembler) {
  private static final Gpr LEFT_STRIDE = Gpr.RDI;
  private static final Gpr RIGHT_STRIDE = Gpr.RSI;
  private static final Gpr SUM_STRIDE = Gpr.RDX;
  private static final Gpr TILE = Gpr.R12;
  private static final Gpr RESULT = TileCode.RESULT;
  private static final Gpr COLUMN = Gpr.RBX;
  private static final Gpr STEP = Gpr.RAX;
  private static final Gpr FILTER = Gpr.RBP;
  private static final Gpr SUMS = Gpr.RBP;
  private static final Gpr COUNT = Gpr.R14;
  private static final Gpr[] LOOP_COUNTS = {Gpr.R9, Gpr.R8, Gpr.R15};
  private static final Gpr[] SAVED = {Gpr.RBX, Gpr.RBP, Gpr.R12, Gpr.R13, Gpr.R14, Gpr.R15};
  private static final int RESIDUAL_ARGUMENT = 8 * SAVED.length + 8;
  private static final int TABLE_ARGUMENT = RESIDUAL_ARGUMENT + 8;

  static final int MOST_VECTORS = 2;
  static final int MOST_PIXELS = 32;

  private static final int TILE_ROWS = 16;
  private static final int UNIT_STEPS = 16;
  private static final int ROW_BYTES = 64;
  private static final int MOST_FINISHED = 8;
  private static final VectorSet SET = VectorSet.AVX512;

  // The frame: sums of the tiles, then what no register is left for.
  private static final int SUM_BYTES = MOST_PIXELS * MOST_VECTORS * ROW_BYTES;
  private static final int STACK_LOCAL = SUM_BYTES;
  private static final int ROWS_LOCAL = SUM_BYTES + 8;
  private static final int PANELS_LOCAL = SUM_BYTES + 16;
  private static final int ROW_LOCAL = SUM_BYTES + 24;
  private static final int INPUT_LOCAL = SUM_BYTES + 32;
  private static final int FILTERS_LOCAL = SUM_BYTES + 40;
  private static final int OUTPUT_LOCAL = SUM_BYTES + 48;
  private static final int FRAME_BYTES = SUM_BYTES + 64;

  byte[] generate() {
    Assembler a = assembler.get();
    for (Gpr register : SAVED) {
      a.push(register);
    }
    a.mov(STEP, Gpr.RSP);
    a.add(Gpr.RSP, -FRAME_BYTES);
    a.and(Gpr.RSP, -ROW_BYTES);
    a.mov(local(STACK_LOCAL), STEP);
    a.mov(TileCode.RESIDUAL, Mem.at(STEP, RESIDUAL_ARGUMENT));
    a.sub(TileCode.RESIDUAL, Gpr.RDX);
    a.mov(TileCode.TABLE, Mem.at(STEP, TABLE_ARGUMENT));
    a.mov(local(INPUT_LOCAL), Gpr.RDI);
    a.mov(local(FILTERS_LOCAL), Gpr.RSI);
    a.mov(local(OUTPUT_LOCAL), Gpr.RDX);
    a.mov(local(ROWS_LOCAL), Gpr.R8);
    a.mov(local(PANELS_LOCAL), Gpr.R9);
    new TileStores(SET, shape).prepare(a);
    a.mov(LEFT_STRIDE, isColumn() ? shape.window().rowBytes() : shape.window().columnBytes());
    a.mov(RIGHT_STRIDE, stepBytes());
    a.mov(SUM_STRIDE, sumRowBytes());
    Split columns = shape.columns();
    boolean alike = columns.smallCount() == 0 || columns.small() == 0;
    if (alike) {
      configure(a, columns.large());
    }
    Label panel = a.here();
    a.mov(TILE, local(INPUT_LOCAL));
    a.mov(RESULT, local(OUTPUT_LOCAL));
    a.mov(STEP, local(ROWS_LOCAL));
    a.mov(local(ROW_LOCAL), STEP);
    Label row = a.here();
    tiles(a, columns.large(), columns.largeCount(), !alike);
    tiles(a, columns.small(), columns.smallCount(), !alike);
    a.add(
        TILE,
        shape.rows() * shape.window().rowBytes() - columns.size() * shape.window().columnBytes());
    a.add(
        RESULT,
        shape.rows() * shape.output().rowBytes() - columns.size() * shape.output().pixelBytes());
    a.dec(local(ROW_LOCAL));
    a.jump(Condition.NOT_EQUAL, row);
    advance(a, FILTERS_LOCAL, shape.window().totalSteps() * stepBytes());
    advance(a, OUTPUT_LOCAL, (long) shape.vectors() * SET.lanes() * shape.output().elementBytes());
    a.add(TileCode.CONSTANTS, (long) TileShape.CONSTANT_VECTORS * shape.vectors() * ROW_BYTES);
    a.dec(local(PANELS_LOCAL));
    a.jump(Condition.NOT_EQUAL, panel);
    a.tilerelease();
    a.vzeroupper();
    a.mov(Gpr.RSP, local(STACK_LOCAL));
    for (int i = SAVED.length - 1; i >= 0; i--) {
      a.pop(SAVED[i]);
    }
    a.ret();
    return a.toBytes();
  }

  private static Mem local(int offset) {
    return Mem.at(Gpr.RSP, offset);
  }

  private static void advance(Assembler a, int pointer, long bytes) {
    a.mov(STEP, local(pointer));
    a.add(STEP, bytes);
    a.mov(local(pointer), STEP);
  }

  /** Whether tiles are one column of pixels, and not one row. */
  private boolean isColumn() {
    return shape.rows() > 1;
  }

  /** From the results of one pixel of a tile to those of the next. */
  private long resultBytes() {
    return isColumn() ? shape.output().rowBytes() : shape.output().pixelBytes();
  }

  private long stepBytes() {
    return (long) shape.parts() * shape.vectors() * ROW_BYTES;
  }

  private int sumRowBytes() {
    return shape.vectors() * ROW_BYTES;
  }

  private static int tileRows(int pixels, int i) {
    return Math.clamp(pixels - i * TILE_ROWS, 0, TILE_ROWS);
  }

  /** Tiles 0 to 3 hold sums, 4 and 5 windows, 6 and 7 filters. */
  private void configure(Assembler a, int columns) {
    int pixels = shape.rows() * columns;
    int first = tileRows(pixels, 0);
    int second = tileRows(pixels, 1);
    List<Integer> rows =
        List.of(first, first, second, second, first, second, UNIT_STEPS, UNIT_STEPS);
    List<Integer> rowBytes = new ArrayList<>();
    rows.forEach(_ -> rowBytes.add(ROW_BYTES));
    a.configureTiles(new TileConfiguration(rows, rowBytes), STEP);
  }

  private void tiles(Assembler a, int columns, int count, boolean configured) {
    if (count == 0 || columns == 0) {
      return;
    }
    if (configured) {
      configure(a, columns);
    }
    int pixels = shape.rows() * columns;
    a.mov(COLUMN, count);
    Label tile = a.here();
    for (int i = 0; i * TILE_ROWS < pixels; i++) {
      for (int j = 0; j < shape.vectors(); j++) {
        a.tilezero(sumTile(i, j));
      }
    }
    a.mov(STEP, TILE);
    a.mov(FILTER, local(FILTERS_LOCAL));
    if (shape.window().steps() > 0) {
      loop(a, pixels, 0);
    }
    for (int i = 0; i * TILE_ROWS < pixels; i++) {
      for (int j = 0; j < shape.vectors(); j++) {
        long at = (long) i * TILE_ROWS * sumRowBytes() + (long) j * ROW_BYTES;
        a.tilestored(Mem.at(Gpr.RSP, SUM_STRIDE, 1, at), sumTile(i, j));
      }
    }
    finish(a, pixels);
    a.add(RESULT, columns * shape.output().pixelBytes() - pixels * resultBytes());
    a.add(TILE, columns * shape.window().columnBytes());
    if (count > 1) {
      a.dec(COLUMN);
      a.jump(Condition.NOT_EQUAL, tile);
    }
  }

  private static Tile sumTile(int i, int j) {
    return Tile.values()[2 * i + j];
  }

  /** The given loop and those within it. Leaves {@link #STEP} where it was, unless outermost. */
  private void loop(Assembler a, int pixels, int level) {
    List<Loop> loops = shape.window().loops();
    if (level == loops.size()) {
      units(a, pixels);
      return;
    }
    Loop loop = loops.get(level);
    a.mov(LOOP_COUNTS[level], loop.count());
    Label next = a.here();
    loop(a, pixels, level + 1);
    a.add(STEP, loop.bytes());
    a.dec(LOOP_COUNTS[level]);
    a.jump(Condition.NOT_EQUAL, next);
    if (level > 0) {
      a.add(STEP, -loop.count() * loop.bytes());
    }
  }

  private void units(Assembler a, int pixels) {
    int units = shape.window().steps() / UNIT_STEPS;
    a.mov(COUNT, units);
    Label unit = a.here();
    for (int part = 0; part < shape.parts(); part++) {
      for (int j = 0; j < shape.vectors(); j++) {
        long at = ((long) part * shape.vectors() + j) * ROW_BYTES;
        a.tileloadd(Tile.values()[6 + j], Mem.at(FILTER, RIGHT_STRIDE, 1, at));
      }
      for (int i = 0; i * TILE_ROWS < pixels; i++) {
        Tile left = Tile.values()[4 + i];
        if (part == 0) {
          long distance = isColumn() ? shape.window().rowBytes() : shape.window().columnBytes();
          a.tileloadd(left, Mem.at(STEP, LEFT_STRIDE, 1, i * TILE_ROWS * distance));
        }
        for (int j = 0; j < shape.vectors(); j++) {
          a.tdpbusd(sumTile(i, j), left, Tile.values()[6 + j]);
        }
      }
    }
    a.add(STEP, ROW_BYTES);
    a.add(FILTER, UNIT_STEPS * stepBytes());
    a.dec(COUNT);
    a.jump(Condition.NOT_EQUAL, unit);
    a.add(STEP, -(long) units * ROW_BYTES);
  }

  /** Adds what the sums begin with and stores them, some pixels at a time. */
  private void finish(Assembler a, int pixels) {
    a.mov(SUMS, Gpr.RSP);
    int rounds = pixels / MOST_FINISHED;
    if (rounds > 0) {
      a.mov(COUNT, rounds);
      Label round = a.here();
      store(a, MOST_FINISHED);
      a.dec(COUNT);
      a.jump(Condition.NOT_EQUAL, round);
    }
    if (pixels % MOST_FINISHED > 0) {
      store(a, pixels % MOST_FINISHED);
    }
  }

  private void store(Assembler a, int pixels) {
    for (int pixel = 0; pixel < pixels; pixel++) {
      for (int j = 0; j < shape.vectors(); j++) {
        Vec sum = SET.register(pixel * shape.vectors() + j);
        long start = (long) j * TileShape.CONSTANT_VECTORS * ROW_BYTES;
        a.vmovups(sum, Mem.at(TileCode.CONSTANTS, start));
        long at = (long) pixel * sumRowBytes() + (long) j * ROW_BYTES;
        a.vpaddd(sum, sum, Mem.at(SUMS, at), Encoder.Modifiers.NONE);
      }
    }
    new TileStores(SET, shape.withRows(isColumn() ? pixels : 1)).store(a, isColumn() ? 1 : pixels);
    a.add(SUMS, (long) pixels * sumRowBytes());
    a.add(RESULT, pixels * resultBytes());
  }
}
