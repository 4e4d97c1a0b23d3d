package io.compresso.kernel.jit.x86;

import io.compresso.kernel.jit.CodeBuffer.Label;
import io.compresso.kernel.jit.x86.Assembler.Condition;
import io.compresso.kernel.jit.x86.Encoder.Modifiers;
import io.compresso.kernel.nhwc.Arithmetic;
import io.compresso.kernel.nhwc.Split;
import io.compresso.kernel.nhwc.TileShape;
import io.compresso.kernel.nhwc.Window.Loop;
import java.util.List;

/**
 * Generates {@code void f(input, filters, output, constants, tileRows, panels, residual, table)},
 * which computes rows of tiles of consecutive panels, see {@link TileShape}. The sums of a tile are
 * kept in registers from the first product to the stored result.
 *
 * @param set the registers
 * @param shape the tiles
 */
record TileCode(VectorSet set, TileShape shape) {
  private static final Gpr INPUT = Gpr.RDI;
  private static final Gpr FILTERS = Gpr.RSI;
  private static final Gpr OUTPUT = Gpr.RDX;
  static final Gpr CONSTANTS = Gpr.RCX;
  static final Gpr TABLE = Gpr.R10;

  /** The distance from results to residuals. */
  static final Gpr RESIDUAL = Gpr.R11;

  private static final Gpr TILE = Gpr.R12;
  static final Gpr RESULT = Gpr.R13;
  private static final Gpr COLUMN = Gpr.RBX;
  private static final Gpr STEP = Gpr.RAX;
  private static final Gpr FILTER = Gpr.RBP;
  private static final Gpr STEP_COUNT = Gpr.R14;
  private static final Gpr[] LOOP_COUNTS = {Gpr.R9, Gpr.R8, Gpr.R15};
  private static final Gpr[] SAVED = {Gpr.RBX, Gpr.RBP, Gpr.R12, Gpr.R13, Gpr.R14, Gpr.R15};

  private static final int ROWS_LOCAL = 0;
  private static final int PANELS_LOCAL = 8;
  private static final int ROW_LOCAL = 16;
  private static final int LOCALS = 32;
  private static final int RESIDUAL_ARGUMENT = LOCALS + 8 * SAVED.length + 8;
  private static final int TABLE_ARGUMENT = RESIDUAL_ARGUMENT + 8;

  private static final int MOST_UNROLLED = 8;
  private static final int UNROLL = 4;
  private static final int LINE = 64;

  /** How far ahead of the products filters are fetched, in bytes: over the end of a page. */
  static final int FILTERS_AHEAD = 8192;

  /** Registers of the machine, those of products and of a tile's filters left out. */
  private static int registers(VectorSet set) {
    return set == VectorSet.AVX512 ? 32 : 16;
  }

  /** Pixels of the largest tile with panels of so many vectors. */
  static int mostPixels(VectorSet set, Arithmetic arithmetic, int vectors) {
    boolean words = arithmetic == Arithmetic.WORDS;
    return (registers(set) - Math.max(4, vectors + (words ? 2 : 1))) / vectors;
  }

  byte[] generate() {
    Assembler a = new Assembler();
    for (Gpr register : SAVED) {
      a.push(register);
    }
    a.add(Gpr.RSP, -LOCALS);
    a.mov(RESIDUAL, Mem.at(Gpr.RSP, RESIDUAL_ARGUMENT));
    a.sub(RESIDUAL, OUTPUT);
    a.mov(TABLE, Mem.at(Gpr.RSP, TABLE_ARGUMENT));
    a.mov(Mem.at(Gpr.RSP, ROWS_LOCAL), Gpr.R8);
    a.mov(Mem.at(Gpr.RSP, PANELS_LOCAL), Gpr.R9);
    TileStores stores = new TileStores(set, shape);
    stores.prepare(a);
    Label panel = a.here();
    long vectors = shape.vectors();
    long constants = TileShape.CONSTANT_VECTORS * vectors * vectorBytes();
    prefetch(a, CONSTANTS, constants, constants);
    a.mov(TILE, INPUT);
    a.mov(RESULT, OUTPUT);
    a.mov(STEP, Mem.at(Gpr.RSP, ROWS_LOCAL));
    a.mov(Mem.at(Gpr.RSP, ROW_LOCAL), STEP);
    Label row = a.here();
    Split columns = shape.columns();
    tiles(a, stores, columns.large(), columns.largeCount());
    tiles(a, stores, columns.small(), columns.smallCount());
    int rows = shape.rows();
    a.add(TILE, rows * shape.window().rowBytes() - columns.size() * shape.window().columnBytes());
    a.add(RESULT, rows * shape.output().rowBytes() - columns.size() * shape.output().pixelBytes());
    a.dec(Mem.at(Gpr.RSP, ROW_LOCAL));
    a.jump(Condition.NOT_EQUAL, row);
    a.add(FILTERS, shape.window().totalSteps() * shape.parts() * vectors * filterBytes());
    a.add(OUTPUT, vectors * set.lanes() * shape.output().elementBytes());
    if (shape.depthwise()) {
      a.add(INPUT, vectors * set.lanes() * shape.arithmetic().elementBytes());
    }
    a.add(CONSTANTS, constants);
    a.dec(Mem.at(Gpr.RSP, PANELS_LOCAL));
    a.jump(Condition.NOT_EQUAL, panel);
    a.vzeroupper();
    a.add(Gpr.RSP, LOCALS);
    for (int i = SAVED.length - 1; i >= 0; i--) {
      a.pop(SAVED[i]);
    }
    a.ret();
    return a.toBytes();
  }

  /** Fetches so many bytes, which the next panel reads. */
  static void prefetch(Assembler a, Gpr base, long from, long bytes) {
    for (long at = from; at < from + bytes; at += LINE) {
      a.prefetcht0(Mem.at(base, at));
    }
  }

  /** Bytes of a vector of filters. */
  private int filterBytes() {
    return set.lanes() * shape.arithmetic().filterBytes();
  }

  private int vectorBytes() {
    return set.length().bytes();
  }

  private void tiles(Assembler a, TileStores stores, int columns, int count) {
    if (count == 0 || columns == 0) {
      return;
    }
    a.mov(COLUMN, count);
    Label tile = a.here();
    if (!shape.arithmetic().isInteger() && stores.addsResidual()) {
      prefetchResidual(a, stores, columns);
    }
    initialise(a, columns);
    a.mov(STEP, TILE);
    a.mov(FILTER, FILTERS);
    if (shape.window().steps() > 0) {
      loop(a, columns, 0);
    }
    stores.store(a, columns);
    a.add(TILE, columns * shape.window().columnBytes());
    a.add(RESULT, columns * shape.output().pixelBytes());
    if (count > 1) {
      a.dec(COLUMN);
      a.jump(Condition.NOT_EQUAL, tile);
    }
  }

  /** Fetches what is added to a tile's sums while its products are computed. */
  private void prefetchResidual(Assembler a, TileStores stores, int columns) {
    long bytes = (long) shape.vectors() * set.lanes() * shape.output().elementBytes();
    for (int pixel = 0; pixel < shape.rows() * columns; pixel++) {
      for (long at = 0; at < bytes; at += LINE) {
        a.prefetcht0(stores.residual(pixel, columns, 0).plus(at));
      }
    }
  }

  private Vec sum(int pixel, int vector) {
    return set.register(pixel * shape.vectors() + vector);
  }

  private void initialise(Assembler a, int columns) {
    for (int j = 0; j < shape.vectors(); j++) {
      long start = (long) j * TileShape.CONSTANT_VECTORS * vectorBytes();
      a.vmovups(sum(0, j), Mem.at(CONSTANTS, start));
    }
    for (int pixel = 1; pixel < shape.rows() * columns; pixel++) {
      for (int j = 0; j < shape.vectors(); j++) {
        a.vmovaps(sum(pixel, j), sum(0, j));
      }
    }
  }

  /** The given loop and those within it. Leaves {@link #STEP} where it was, unless outermost. */
  private void loop(Assembler a, int columns, int level) {
    List<Loop> loops = shape.window().loops();
    if (level == loops.size()) {
      steps(a, columns, level > 0);
      return;
    }
    Loop loop = loops.get(level);
    a.mov(LOOP_COUNTS[level], loop.count());
    Label next = a.here();
    loop(a, columns, level + 1);
    a.add(STEP, loop.bytes());
    a.dec(LOOP_COUNTS[level]);
    a.jump(Condition.NOT_EQUAL, next);
    if (level > 0) {
      a.add(STEP, -loop.count() * loop.bytes());
    }
  }

  private void steps(Assembler a, int columns, boolean repeated) {
    int steps = shape.window().steps();
    long stepFilters = (long) shape.parts() * shape.vectors() * filterBytes();
    int done = 0;
    if (steps > MOST_UNROLLED) {
      int rounds = steps / UNROLL;
      a.mov(STEP_COUNT, rounds);
      Label round = a.here();
      for (int i = 0; i < UNROLL; i++) {
        step(a, columns, i);
      }
      a.add(STEP, UNROLL * shape.window().stepBytes());
      a.add(FILTER, UNROLL * stepFilters);
      a.dec(STEP_COUNT);
      a.jump(Condition.NOT_EQUAL, round);
      done = rounds * UNROLL;
    }
    for (int i = 0; i < steps - done; i++) {
      step(a, columns, i);
    }
    if (repeated) {
      a.add(STEP, -done * shape.window().stepBytes());
      a.add(FILTER, (steps - done) * stepFilters);
    }
  }

  private void step(Assembler a, int columns, int step) {
    int vectors = shape.vectors();
    int pixels = shape.rows() * columns;
    int filter = pixels * vectors;
    int first = filter + vectors;
    boolean words = shape.arithmetic() == Arithmetic.WORDS;
    int values = Math.min(pixels, registers(set) - first - (words ? 1 : 0));
    for (int part = 0; part < shape.parts(); part++) {
      for (int j = 0; j < vectors; j++) {
        long at = (((long) step * shape.parts() + part) * vectors + j) * filterBytes();
        loadFilter(a, set.register(filter + j), Mem.at(FILTER, at));
        if (!shape.depthwise() && (long) j * filterBytes() % LINE == 0) {
          a.prefetcht0(Mem.at(FILTER, at + FILTERS_AHEAD));
        }
      }
      for (int pixel = 0; pixel < pixels; pixel++) {
        Vec value = set.register(first + pixel % values);
        long at =
            pixel / columns * shape.window().rowBytes()
                + pixel % columns * shape.window().columnBytes()
                + step * shape.window().stepBytes();
        if (!shape.depthwise()) {
          multiply(a, pixel, filter, value, Mem.at(STEP, at));
          continue;
        }
        for (int j = 0; j < vectors; j++) {
          long vector = (long) j * set.lanes() * shape.arithmetic().elementBytes();
          Mem source = Mem.at(STEP, at + vector);
          multiplyVectors(a, sum(pixel, j), value, set.register(filter + j), source);
        }
      }
    }
  }

  private void loadFilter(Assembler a, Vec target, Mem source) {
    if (shape.arithmetic() == Arithmetic.WIDENED_HALVES) {
      a.vcvtph2ps(target, source);
    } else {
      a.vmovups(target, source);
    }
  }

  /** Multiplies the elements of one pixel by the filters of a panel. */
  private void multiply(Assembler a, int pixel, int filter, Vec value, Mem source) {
    if (!shape.arithmetic().isInteger() && shape.vectors() == 1 && set == VectorSet.AVX512) {
      a.vfmadd231ps(sum(pixel, 0), set.register(filter), source, Modifiers.BROADCAST);
      return;
    }
    a.vbroadcastss(value, source);
    for (int j = 0; j < shape.vectors(); j++) {
      multiply(a, sum(pixel, j), value, set.register(filter + j));
    }
  }

  /** Multiplies vectors of channels. */
  private void multiplyVectors(Assembler a, Vec sum, Vec value, Vec filter, Mem source) {
    if (shape.arithmetic() == Arithmetic.FLOATS) {
      a.vfmadd231ps(sum, filter, source, Modifiers.NONE);
      return;
    }
    a.vpmovzxbd(value, source, Modifiers.NONE);
    a.vpmaddwd(value, value, filter);
    a.vpaddd(sum, sum, value);
  }

  private void multiply(Assembler a, Vec sum, Vec value, Vec filter) {
    switch (shape.arithmetic()) {
      case FLOATS, WIDENED_HALVES -> a.vfmadd231ps(sum, filter, value);
      case BYTES, UNITS_OF_BYTES -> {
        if (set == VectorSet.AVX_VNNI) {
          a.vpdpbusdVex(sum, value, filter);
        } else {
          a.vpdpbusd(sum, value, filter);
        }
      }
      case WORDS, WIDENED_BYTES -> {
        Vec product = set.register(registers(set) - 1);
        a.vpmaddwd(product, value, filter);
        a.vpaddd(sum, sum, product);
      }
    }
  }
}
