package io.compresso.kernel.jit.arm;

import io.compresso.kernel.jit.CodeBuffer.Label;
import io.compresso.kernel.jit.arm.GeneralAssembler.Condition;
import io.compresso.kernel.panel.PanelShape;
import io.compresso.kernel.panel.PanelShape.BiasAxis;
import io.compresso.kernel.panel.PanelShape.Panel;
import java.util.ArrayList;
import java.util.List;

/**
 * Generates {@code void f(a, b, c, bias, rowBlocks, columnTiles)}: products of blocks of {@code
 * rows} rows with tiles of {@code vectors} vectors of columns, in elements of 32 bits.
 *
 * @param products what the elements are
 * @param shape strides, taps and clip, which become constants of the code; either the elements of a
 *     row or those of a column of the left operand lie one after the other
 * @param rows rows of a block
 * @param vectors vectors of a tile
 * @param tail columns of the tile's last vector, 0 for all four
 */
record PanelCode(Products products, PanelShape shape, int rows, int vectors, int tail) {
  private static final Reg A = Reg.X0;
  private static final Reg B = Reg.X1;
  private static final Reg C = Reg.X2;
  private static final Reg BIAS = Reg.X3;
  private static final Reg ROW_BLOCKS = Reg.X4;
  private static final Reg COLUMN_TILES = Reg.X5;
  private static final Reg STRIDE = Reg.X6;
  private static final Reg ADDRESS = Reg.X7;

  /** The first of eight registers with the addresses of the block's rows. */
  private static final int A_POINTERS = Reg.X8.ordinal();

  private static final Reg SCRATCH = Reg.X16;
  private static final Reg STEP_COUNT = Reg.X17;
  private static final Reg A_ROW = Reg.X19;
  private static final Reg C_ROW = Reg.X20;
  private static final Reg BIAS_ROW = Reg.X21;
  private static final Reg ROW_COUNT = Reg.X22;
  private static final Reg B_STEP = Reg.X23;
  private static final Reg UNUSED = Reg.X24;

  private static final int LANES = 4;
  private static final int BYTES = 16;
  private static final int UNROLL = 4;

  byte[] generate() {
    Assembler a = new Assembler();
    a.push(A_ROW, C_ROW, 16);
    a.push(BIAS_ROW, ROW_COUNT, 16);
    a.push(B_STEP, UNUSED, 16);
    Registers.save(a, usedRegisters());
    Label column = a.here();
    a.mov(A_ROW, A);
    a.mov(C_ROW, C);
    a.mov(BIAS_ROW, BIAS);
    a.mov(ROW_COUNT, ROW_BLOCKS);
    Label row = a.here();
    initialise(a);
    sum(a);
    finish(a);
    clip(a);
    store(a);
    a.add(A_ROW, A_ROW, 4 * rows * shape.left().rowStride(), SCRATCH);
    a.add(C_ROW, C_ROW, 4 * rows * shape.outputStride(), SCRATCH);
    a.add(BIAS_ROW, BIAS_ROW, 4L * rows, SCRATCH);
    a.subs(ROW_COUNT, ROW_COUNT, 1);
    a.b(Condition.NE, row);
    a.add(B, B, tileBytes(), SCRATCH);
    a.add(C, C, (long) vectors * BYTES, SCRATCH);
    if (shape.bias() == BiasAxis.COLUMNS) {
      a.add(BIAS, BIAS, (long) vectors * BYTES, SCRATCH);
    }
    a.subs(COLUMN_TILES, COLUMN_TILES, 1);
    a.b(Condition.NE, column);
    Registers.restore(a, usedRegisters());
    a.pop(B_STEP, UNUSED, 16);
    a.pop(BIAS_ROW, ROW_COUNT, 16);
    a.pop(A_ROW, C_ROW, 16);
    a.ret();
    return a.toBytes();
  }

  /** From one tile of the panel operand to the next: packed panels are one tile wide. */
  private long tileBytes() {
    Panel panel = shape.panel();
    return panel.padded() ? 4 * panel.advance() : (long) vectors * BYTES;
  }

  // Registers: sums, then a vector of each column, then the left operand, then scratch

  private Vec sum(int i, int j) {
    return register((i * vectors + j) * products.sumRegisters());
  }

  /** The sums of the third and fourth column, when a sum takes two registers. */
  private Vec upperSum(int i, int j) {
    return register((i * vectors + j) * products.sumRegisters() + 1);
  }

  private Vec column(int j) {
    return register(sumRegisters() + j);
  }

  private Vec left(int k) {
    return register(sumRegisters() + vectors + k);
  }

  private Vec scratch(int k) {
    return register(sumRegisters() + vectors + leftRegisters() + k);
  }

  private int sumRegisters() {
    return rows * vectors * products.sumRegisters();
  }

  private boolean byRows() {
    return shape.left().step() == 1;
  }

  private int leftRegisters() {
    return byRows() ? rows : Math.ceilDiv(rows, LANES);
  }

  private int usedRegisters() {
    return sumRegisters() + vectors + leftRegisters() + products.scratchRegisters();
  }

  private static Vec register(int place) {
    return Vec.s4(Registers.number(place));
  }

  private static Reg pointer(int i) {
    return Reg.values()[A_POINTERS + i];
  }

  private int bytes(int j) {
    return tail > 0 && j == vectors - 1 ? 4 * tail : BYTES;
  }

  private void initialise(Assembler a) {
    for (int i = 0; i < rows; i++) {
      for (int j = 0; j < vectors; j++) {
        Vec sum = sum(i, j);
        if (products == Products.WIDENED) {
          a.clear(sum);
          a.clear(upperSum(i, j));
          continue;
        }
        switch (shape.bias()) {
          case NONE -> a.clear(sum);
          case ROWS -> {
            if (j == 0) {
              a.ldr(sum.as(Vec.Shape.S), Mem.at(BIAS_ROW, 4 * i));
              a.dup(sum, sum.at(0));
            } else {
              a.mov(sum, sum(i, 0));
            }
          }
          case COLUMNS -> {
            if (i == 0) {
              Tails.load(a, sum, BIAS, j * BYTES, bytes(j), SCRATCH);
            } else {
              a.mov(sum, sum(0, j));
            }
          }
        }
      }
    }
  }

  /** Adds the halves of sums that take two registers, and the bias. */
  private void finish(Assembler a) {
    if (products != Products.WIDENED) {
      return;
    }
    for (int j = 0; j < vectors; j++) {
      if (shape.bias() == BiasAxis.COLUMNS) {
        Tails.load(a, column(j), BIAS, j * BYTES, bytes(j), SCRATCH);
      }
    }
    for (int i = 0; i < rows; i++) {
      if (shape.bias() == BiasAxis.ROWS) {
        a.ldr(scratch(0).as(Vec.Shape.S), Mem.at(BIAS_ROW, 4 * i));
        a.dup(scratch(0), scratch(0).at(0));
      }
      for (int j = 0; j < vectors; j++) {
        Vec sum = sum(i, j);
        a.addp(sum, sum, upperSum(i, j));
        switch (shape.bias()) {
          case NONE -> {}
          case ROWS -> a.add(sum, sum, scratch(0));
          case COLUMNS -> a.add(sum, sum, column(j));
        }
      }
    }
  }

  private void sum(Assembler a) {
    Panel panel = shape.panel();
    int unroll = panel.taps().size() == 1 ? UNROLL : 1;
    long rowBytes = 4 * shape.left().rowStride();
    a.mov(pointer(0), A_ROW);
    for (int i = 1; i < rows && byRows(); i++) {
      a.add(pointer(i), pointer(i - 1), rowBytes, SCRATCH);
    }
    if (!byRows()) {
      a.mov(STRIDE, 4 * shape.left().step());
    }
    a.mov(B_STEP, B);
    int rounds = panel.groups() / unroll;
    if (rounds > 0) {
      a.mov(STEP_COUNT, rounds);
      Label round = a.here();
      groups(a, unroll);
      a.add(B_STEP, B_STEP, 4 * unroll * panel.groupStride(), SCRATCH);
      a.subs(STEP_COUNT, STEP_COUNT, 1);
      a.b(Condition.NE, round);
    }
    groups(a, panel.groups() % unroll);
  }

  /** The products of some repetitions of the taps. */
  private void groups(Assembler a, int count) {
    List<Long> offsets = new ArrayList<>();
    for (int group = 0; group < count; group++) {
      for (int tap : shape.panel().taps()) {
        offsets.add(4 * (group * shape.panel().groupStride() + tap));
      }
    }
    for (int first = 0; first < offsets.size(); ) {
      int steps = byRows() && offsets.size() - first >= LANES ? LANES : 1;
      loadLeft(a, steps);
      for (int step = 0; step < steps; step++) {
        loadColumns(a, offsets.get(first + step));
        for (int i = 0; i < rows; i++) {
          Vec value = left(byRows() ? i : i / LANES);
          multiply(a, i, value.at(byRows() ? step : i % LANES));
        }
      }
      first += steps;
    }
  }

  /** Loads {@code steps} elements of each row. */
  private void loadLeft(Assembler a, int steps) {
    if (byRows()) {
      for (int i = 0; i < rows; i++) {
        Vec.Shape width = steps == LANES ? Vec.Shape.Q : Vec.Shape.S;
        a.ldrPost(left(i).as(width), pointer(i), 4 * steps);
      }
      return;
    }
    for (int i = 0; i < rows; i += LANES) {
      Tails.load(a, left(i / LANES), pointer(0), 4 * i, 4 * Math.min(LANES, rows - i), SCRATCH);
    }
    a.add(pointer(0), pointer(0), STRIDE);
  }

  private void loadColumns(Assembler a, long offset) {
    long last = offset + (long) (vectors - 1) * BYTES;
    boolean encodable = offset >= 0 && offset % BYTES == 0 && last + 8 <= 4095;
    Reg base = encodable ? B_STEP : ADDRESS;
    if (!encodable) {
      a.add(ADDRESS, B_STEP, offset, SCRATCH);
    }
    int start = encodable ? (int) offset : 0;
    for (int j = 0; j < vectors; j++) {
      int bytes = shape.panel().padded() ? BYTES : bytes(j);
      Tails.load(a, column(j), base, start + j * BYTES, bytes, SCRATCH);
    }
  }

  private void multiply(Assembler a, int i, Vec.Element value) {
    if (products == Products.WIDENED) {
      a.dup(scratch(0), value);
    }
    for (int j = 0; j < vectors; j++) {
      switch (products) {
        case FLOATS -> a.fmla(sum(i, j), column(j), value);
        case DOT -> a.sdot(sum(i, j), column(j), value);
        case WIDENED -> {
          Vec four = scratch(0).as(Vec.Shape.B16);
          Vec bytes = column(j).as(Vec.Shape.B16);
          Vec lower = scratch(1).as(Vec.Shape.H8);
          Vec upper = scratch(2).as(Vec.Shape.H8);
          a.smull(lower, bytes.as(Vec.Shape.B8), four.as(Vec.Shape.B8));
          a.smull2(upper, bytes, four);
          a.sadalp(sum(i, j), lower);
          a.sadalp(upperSum(i, j), upper);
        }
      }
    }
  }

  private void clip(Assembler a) {
    float low = shape.epilogue().low();
    if (low != Float.NEGATIVE_INFINITY) {
      bound(a, low, true);
    }
    float high = shape.epilogue().high();
    if (high != Float.POSITIVE_INFINITY) {
      bound(a, high, false);
    }
  }

  private void bound(Assembler a, float value, boolean least) {
    Vec bound = column(0);
    a.mov(SCRATCH, Integer.toUnsignedLong(Float.floatToRawIntBits(value)));
    a.dup(bound, SCRATCH);
    for (int i = 0; i < rows; i++) {
      for (int j = 0; j < vectors; j++) {
        Vec sum = sum(i, j);
        if (least) {
          a.fmax(sum, sum, bound);
        } else {
          a.fmin(sum, sum, bound);
        }
      }
    }
  }

  private void store(Assembler a) {
    a.mov(ADDRESS, C_ROW);
    for (int i = 0; i < rows; i++) {
      for (int j = 0; j < vectors; j++) {
        Tails.store(a, sum(i, j), ADDRESS, j * BYTES, bytes(j), SCRATCH);
      }
      if (i < rows - 1) {
        a.add(ADDRESS, ADDRESS, 4 * shape.outputStride(), SCRATCH);
      }
    }
  }
}
