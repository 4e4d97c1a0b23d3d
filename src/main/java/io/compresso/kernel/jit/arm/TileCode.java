package io.compresso.kernel.jit.arm;

import io.compresso.kernel.jit.CodeBuffer.Label;
import io.compresso.kernel.jit.arm.GeneralAssembler.Condition;
import io.compresso.kernel.nhwc.Split;
import io.compresso.kernel.nhwc.TileShape;
import io.compresso.kernel.nhwc.Window.Loop;
import java.util.List;

/**
 * Generates {@code void f(input, filters, output, constants, tileRows, panels, residual, table)},
 * which computes rows of tiles of consecutive panels, see {@link TileShape}. The sums of a tile are
 * kept in registers from the first product to the stored result.
 *
 * @param products how elements are multiplied
 * @param shape the tiles
 */
record TileCode(TileProducts products, TileShape shape) {
  private static final Reg INPUT = Reg.X0;
  private static final Reg FILTERS = Reg.X1;
  private static final Reg OUTPUT = Reg.X2;
  static final Reg CONSTANTS = Reg.X3;
  private static final Reg TILE_ROWS = Reg.X4;
  private static final Reg PANELS = Reg.X5;

  /** The distance from results to residuals. */
  static final Reg RESIDUAL = Reg.X6;

  static final Reg TABLE = Reg.X7;

  /** The first of the registers with the addresses of the pixels. */
  private static final int POINTERS = Reg.X8.ordinal();

  /** One of those registers, free while results are stored. */
  static final Reg POINTER = Reg.X8;

  static final Reg SCRATCH = Reg.X16;
  static final Reg ADDRESS = Reg.X17;
  private static final Reg TILE = Reg.X19;
  static final Reg RESULT = Reg.X20;
  private static final Reg COLUMN = Reg.X21;
  private static final Reg STEP = Reg.X22;
  private static final Reg FILTER = Reg.X23;
  private static final Reg STEP_COUNT = Reg.X24;
  private static final Reg[] LOOP_COUNTS = {Reg.X25, Reg.X26, Reg.X27};
  private static final Reg ROW = Reg.X28;

  static final int BYTES = 16;

  /** Steps that are loaded at a time. */
  private static final int STEPS = 4;

  byte[] generate() {
    Assembler a = new Assembler();
    for (int saved = Reg.X19.ordinal(); saved < Reg.X29.ordinal(); saved += 2) {
      a.push(Reg.values()[saved], Reg.values()[saved + 1], 16);
    }
    Registers.save(a, Registers.COUNT);
    a.sub(RESIDUAL, RESIDUAL, OUTPUT);
    Label panel = a.here();
    a.mov(TILE, INPUT);
    a.mov(RESULT, OUTPUT);
    a.mov(ROW, TILE_ROWS);
    Label row = a.here();
    Split columns = shape.columns();
    tiles(a, columns.large(), columns.largeCount());
    tiles(a, columns.small(), columns.smallCount());
    int rows = shape.rows();
    long right = columns.size() * shape.window().columnBytes();
    a.add(TILE, TILE, rows * shape.window().rowBytes() - right, SCRATCH);
    long results = columns.size() * shape.output().pixelBytes();
    a.add(RESULT, RESULT, rows * shape.output().rowBytes() - results, SCRATCH);
    a.subs(ROW, ROW, 1);
    a.b(Condition.NE, row);
    int vectors = shape.vectors();
    if (shape.depthwise()) {
      a.add(INPUT, INPUT, 4L * vectors * shape.arithmetic().elementBytes(), SCRATCH);
    }
    a.add(FILTERS, FILTERS, shape.window().totalSteps() * stepBytes(), SCRATCH);
    a.add(OUTPUT, OUTPUT, 4L * vectors * shape.output().elementBytes(), SCRATCH);
    a.add(CONSTANTS, CONSTANTS, (long) TileShape.CONSTANT_VECTORS * vectors * BYTES, SCRATCH);
    a.subs(PANELS, PANELS, 1);
    a.b(Condition.NE, panel);
    Registers.restore(a, Registers.COUNT);
    for (int saved = Reg.X27.ordinal(); saved >= Reg.X19.ordinal(); saved -= 2) {
      a.pop(Reg.values()[saved], Reg.values()[saved + 1], 16);
    }
    a.ret();
    return a.toBytes();
  }

  /** Bytes of the filters of a step. */
  private long stepBytes() {
    return (long) shape.parts() * shape.vectors() * BYTES;
  }

  private void tiles(Assembler a, int columns, int count) {
    if (count == 0 || columns == 0) {
      return;
    }
    a.mov(COLUMN, count);
    Label tile = a.here();
    TileSums sums = new TileSums(products, shape, shape.rows() * columns);
    sums.initialise(a);
    a.mov(STEP, TILE);
    a.mov(FILTER, FILTERS);
    if (shape.window().steps() > 0) {
      loop(a, sums, columns, 0);
    }
    sums.finish(a);
    new TileStores(shape, sums).store(a, columns);
    a.add(TILE, TILE, columns * shape.window().columnBytes(), SCRATCH);
    a.add(RESULT, RESULT, columns * shape.output().pixelBytes(), SCRATCH);
    if (count > 1) {
      a.subs(COLUMN, COLUMN, 1);
      a.b(Condition.NE, tile);
    }
  }

  /** The given loop and those within it. Leaves {@link #STEP} where it was, unless outermost. */
  private void loop(Assembler a, TileSums sums, int columns, int level) {
    List<Loop> loops = shape.window().loops();
    if (level == loops.size()) {
      run(a, sums, columns);
      return;
    }
    Loop loop = loops.get(level);
    a.mov(LOOP_COUNTS[level], loop.count());
    Label next = a.here();
    loop(a, sums, columns, level + 1);
    a.add(STEP, STEP, loop.bytes(), SCRATCH);
    a.subs(LOOP_COUNTS[level], LOOP_COUNTS[level], 1);
    a.b(Condition.NE, next);
    if (level > 0) {
      a.add(STEP, STEP, -loop.count() * loop.bytes(), SCRATCH);
    }
  }

  static Reg pointer(int pixel) {
    return Reg.values()[POINTERS + pixel];
  }

  /** The steps of a run. Leaves {@link #FILTER} at the filters of the next one. */
  private void run(Assembler a, TileSums sums, int columns) {
    for (int pixel = 0; pixel < shape.rows() * columns; pixel++) {
      long at =
          pixel / columns * shape.window().rowBytes()
              + pixel % columns * shape.window().columnBytes();
      a.add(pointer(pixel), STEP, at, SCRATCH);
    }
    int steps = shape.window().steps();
    if (shape.depthwise()) {
      a.mov(STEP_COUNT, steps);
      Label next = a.here();
      sums.addChannels(a, FILTER);
      a.add(FILTER, FILTER, stepBytes(), SCRATCH);
      a.subs(STEP_COUNT, STEP_COUNT, 1);
      a.b(Condition.NE, next);
      return;
    }
    int rounds = steps / STEPS;
    if (rounds > 1) {
      a.mov(STEP_COUNT, rounds);
      Label round = a.here();
      steps(a, sums, STEPS);
      a.subs(STEP_COUNT, STEP_COUNT, 1);
      a.b(Condition.NE, round);
    } else if (rounds == 1) {
      steps(a, sums, STEPS);
    }
    int rest = steps % STEPS;
    if (rest >= 2) {
      steps(a, sums, 2);
    }
    if (rest % 2 == 1) {
      steps(a, sums, 1);
    }
  }

  private void steps(Assembler a, TileSums sums, int count) {
    sums.add(a, FILTER, count);
    a.add(FILTER, FILTER, count * stepBytes(), SCRATCH);
  }
}
