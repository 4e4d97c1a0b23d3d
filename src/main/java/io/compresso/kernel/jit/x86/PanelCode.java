package io.compresso.kernel.jit.x86;

import io.compresso.kernel.jit.CodeBuffer.Label;
import io.compresso.kernel.jit.x86.Assembler.Condition;
import io.compresso.kernel.panel.PanelShape;
import io.compresso.kernel.panel.PanelShape.BiasAxis;
import io.compresso.kernel.panel.PanelShape.Panel;

/**
 * Generates {@code void f(a, b, c, bias, rowBlocks, columnTiles, mask)}: float products of blocks
 * of {@code rows} rows with tiles of {@code vectors} vectors of columns.
 *
 * @param shape strides, taps and epilogue, which become constants of the code
 * @param set the registers
 * @param rows rows of a block
 * @param vectors vectors of a tile
 * @param masked whether the tile's last vector is masked
 */
record PanelCode(
    Factors factors, PanelShape shape, VectorSet set, int rows, int vectors, boolean masked) {
  private static final Gpr A = Gpr.RDI;
  private static final Gpr B = Gpr.RSI;
  private static final Gpr C = Gpr.RDX;
  private static final Gpr BIAS = Gpr.RCX;
  private static final Gpr ROW_BLOCKS = Gpr.R8;
  private static final Gpr COLUMN_TILES = Gpr.R9;
  private static final Gpr A_ROW = Gpr.R10;
  private static final Gpr C_ROW = Gpr.R11;
  private static final Gpr BIAS_ROW = Gpr.R12;
  private static final Gpr B_STEP = Gpr.R13;
  private static final Gpr A_STEP = Gpr.RAX;
  private static final Gpr ROW_COUNT = Gpr.RBX;
  private static final Gpr STEP_COUNT = Gpr.RBP;
  private static final Gpr[] SAVED = {Gpr.RBX, Gpr.RBP, Gpr.R12, Gpr.R13};

  /** Where the seventh argument lies after the return address and the saved registers. */
  private static final int MASK_ARGUMENT = 8 + 8 * SAVED.length;

  private static final int UNROLL = 4;

  byte[] generate() {
    Assembler a = new Assembler();
    for (Gpr register : SAVED) {
      a.push(register);
    }
    if (masked) {
      a.mov(Gpr.RAX, Mem.at(Gpr.RSP, MASK_ARGUMENT));
      set.loadMask(a, Gpr.RAX);
    }
    Label column = a.here();
    a.mov(A_ROW, A);
    a.mov(C_ROW, C);
    a.mov(BIAS_ROW, BIAS);
    a.mov(ROW_COUNT, ROW_BLOCKS);
    Label row = a.here();
    initialise(a);
    sum(a);
    clip(a);
    store(a);
    a.add(A_ROW, 4 * rows * shape.left().rowStride());
    a.add(C_ROW, 4 * rows * shape.outputStride());
    a.add(BIAS_ROW, 4L * rows);
    a.dec(ROW_COUNT);
    a.jump(Condition.NOT_EQUAL, row);
    a.add(B, tileBytes());
    a.add(C, (long) vectors * vectorBytes());
    if (shape.bias() == BiasAxis.COLUMNS) {
      a.add(BIAS, (long) vectors * vectorBytes());
    }
    a.dec(COLUMN_TILES);
    a.jump(Condition.NOT_EQUAL, column);
    a.vzeroupper();
    for (int i = SAVED.length - 1; i >= 0; i--) {
      a.pop(SAVED[i]);
    }
    a.ret();
    return a.toBytes();
  }

  /** From one tile of the panel operand to the next: packed panels are one tile wide. */
  private long tileBytes() {
    Panel panel = shape.panel();
    return panel.padded() ? 4 * panel.advance() : (long) vectors * vectorBytes();
  }

  private int vectorBytes() {
    return set.length().bytes();
  }

  private Vec sumRegister(int i, int j) {
    return set.register(i * vectors + j);
  }

  private Vec columnRegister(int j) {
    return set.register(rows * vectors + j);
  }

  private int freeRegisters() {
    return set.registers() - (rows + 1) * vectors;
  }

  private boolean widens() {
    return factors.widens(set);
  }

  private boolean isMasked(int j) {
    return masked && j == vectors - 1;
  }

  private void initialise(Assembler a) {
    for (int i = 0; i < rows; i++) {
      for (int j = 0; j < vectors; j++) {
        Vec sum = sumRegister(i, j);
        switch (shape.bias()) {
          case NONE -> a.vxorps(sum, sum, sum);
          case ROWS -> {
            if (j == 0) {
              a.vbroadcastss(sum, Mem.at(BIAS_ROW, 4L * i));
            } else {
              a.vmovaps(sum, sumRegister(i, 0));
            }
          }
          case COLUMNS -> {
            if (i == 0) {
              set.load(a, sum, Mem.at(BIAS, (long) j * vectorBytes()), isMasked(j));
            } else {
              a.vmovaps(sum, sumRegister(0, j));
            }
          }
        }
      }
    }
  }

  private void sum(Assembler a) {
    Panel panel = shape.panel();
    int unroll = panel.taps().size() == 1 ? UNROLL : 1;
    a.mov(A_STEP, A_ROW);
    a.mov(B_STEP, B);
    int rounds = panel.groups() / unroll;
    if (rounds > 0) {
      a.mov(STEP_COUNT, rounds);
      Label round = a.here();
      for (int i = 0; i < unroll; i++) {
        group(a, i);
      }
      advance(a, unroll);
      a.dec(STEP_COUNT);
      a.jump(Condition.NOT_EQUAL, round);
    }
    for (int i = 0; i < panel.groups() % unroll; i++) {
      group(a, i);
    }
  }

  private void advance(Assembler a, int groups) {
    Panel panel = shape.panel();
    a.add(A_STEP, 4 * groups * panel.taps().size() * shape.left().step());
    a.add(B_STEP, 4 * groups * panel.groupStride());
  }

  /** The products of one repetition of the taps. */
  private void group(Assembler a, int group) {
    Panel panel = shape.panel();
    for (int tap = 0; tap < panel.taps().size(); tap++) {
      long b = 4 * (group * panel.groupStride() + panel.taps().get(tap));
      for (int j = 0; j < vectors; j++) {
        Mem source = Mem.at(B_STEP, b + (long) j * vectorBytes());
        set.load(a, columnRegister(j), source, isMasked(j) && !panel.padded());
      }
      if (widens()) {
        for (int j = 0; j < vectors; j++) {
          widen(a, columnRegister(j), oddColumnRegister(j), !factors.leftUnsigned());
        }
      }
      long step = 4 * ((long) group * panel.taps().size() + tap) * shape.left().step();
      for (int i = 0; i < rows; i++) {
        Mem element = Mem.at(A_STEP, step + 4 * i * shape.left().rowStride());
        if (widens()) {
          Vec value = set.register((rows + 2) * vectors);
          a.vbroadcastss(value, element);
          multiplyWidened(a, i, value);
          continue;
        }
        Vec value = set.register((rows + 1) * vectors + i % freeRegisters());
        a.vbroadcastss(value, element);
        for (int j = 0; j < vectors; j++) {
          multiply(a, sumRegister(i, j), value, columnRegister(j));
        }
      }
    }
  }

  private void multiply(Assembler a, Vec sum, Vec value, Vec column) {
    if (factors == Factors.FLOATS) {
      a.vfmadd231ps(sum, column, value);
      return;
    }
    Vec unsigned = factors.leftUnsigned() ? value : column;
    Vec signed = factors.leftUnsigned() ? column : value;
    if (set == VectorSet.AVX_VNNI) {
      a.vpdpbusdVex(sum, unsigned, signed);
    } else {
      a.vpdpbusd(sum, unsigned, signed);
    }
  }

  // Without VNNI: bytes 0 and 2 of each element, and 1 and 3, as 16-bit integers.

  private Vec oddColumnRegister(int j) {
    return set.register((rows + 1) * vectors + j);
  }

  private void multiplyWidened(Assembler a, int i, Vec value) {
    Vec odd = set.register(value.number() + 1);
    Vec product = set.register(value.number() + 2);
    widen(a, value, odd, factors.leftUnsigned());
    for (int j = 0; j < vectors; j++) {
      Vec sum = sumRegister(i, j);
      a.vpmaddwd(product, value, columnRegister(j));
      a.vpaddd(sum, sum, product);
      a.vpmaddwd(product, odd, oddColumnRegister(j));
      a.vpaddd(sum, sum, product);
    }
  }

  private static void widen(Assembler a, Vec evenAndSource, Vec odd, boolean unsigned) {
    if (unsigned) {
      a.vpsrlw(odd, evenAndSource, 8);
      a.vpsllw(evenAndSource, evenAndSource, 8);
      a.vpsrlw(evenAndSource, evenAndSource, 8);
    } else {
      a.vpsraw(odd, evenAndSource, 8);
      a.vpsllw(evenAndSource, evenAndSource, 8);
      a.vpsraw(evenAndSource, evenAndSource, 8);
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
    Vec bound = columnRegister(0);
    a.mov(Gpr.RAX, Integer.toUnsignedLong(Float.floatToRawIntBits(value)));
    a.vmovd(bound.as(Vec.Length.XMM), Gpr.RAX);
    a.vbroadcastss(bound, bound.as(Vec.Length.XMM));
    for (int i = 0; i < rows; i++) {
      for (int j = 0; j < vectors; j++) {
        Vec sum = sumRegister(i, j);
        if (least) {
          a.vmaxps(sum, bound, sum);
        } else {
          a.vminps(sum, bound, sum);
        }
      }
    }
  }

  private void store(Assembler a) {
    for (int i = 0; i < rows; i++) {
      for (int j = 0; j < vectors; j++) {
        long at = 4 * i * shape.outputStride() + (long) j * vectorBytes();
        set.store(a, Mem.at(C_ROW, at), sumRegister(i, j), isMasked(j));
      }
    }
  }
}
