package io.compresso.kernel.jit.x86;

import io.compresso.kernel.jit.CodeBuffer.Label;
import io.compresso.kernel.jit.x86.Assembler.Condition;
import io.compresso.kernel.jit.x86.Encoder.Modifiers;

/**
 * Generates {@code void f(rows, sums, target, mask, steps, rowBytes, stepBytes)} for AVX-512 with
 * VNNI, which puts bytes of four rows side by side, those of 16 columns at a time, and adds them up
 * by column. The mask has a bit for each column that there is; what is missing becomes 0.
 *
 * @param rows rows of a step that there are, 1 to 4
 * @param flips whether bytes are unsigned and reduced by 128
 */
record QuadRowsCode(int rows, boolean flips) {
  private static final int ONES = 0x01010101;
  private static final int HIGH_BITS = 0x80808080;

  private static final Gpr SOURCE = Gpr.RDI;
  private static final Gpr SUMS_AT = Gpr.RSI;
  private static final Gpr TARGET = Gpr.RDX;
  private static final Gpr PRESENT = Gpr.RCX;
  private static final Gpr STEPS = Gpr.R8;
  private static final Gpr ROW = Gpr.R9;
  private static final Gpr THREE_ROWS = Gpr.R10;
  private static final Gpr FOUR_ROWS = Gpr.R11;
  private static final Gpr STEP = Gpr.RAX;

  private static final Vec ONE = Vec.zmm(10);
  private static final Vec FLIP = Vec.zmm(11);
  private static final Vec SUMS = Vec.zmm(12);

  byte[] generate() {
    Assembler a = new Assembler();
    a.kmovd(Mask.K1, PRESENT);
    broadcast(a, ONE, ONES);
    if (flips) {
      broadcast(a, FLIP, HIGH_BITS & -1 >>> 32 - 8 * rows);
      a.vmovaps(FLIP, FLIP, Modifiers.zeroing(Mask.K1));
    }
    a.vmovups(SUMS, Mem.at(SUMS_AT));
    a.lea(THREE_ROWS, Mem.at(ROW, ROW, 2, 0));
    a.lea(FOUR_ROWS, Mem.at(THREE_ROWS, ROW, 1, 0));
    a.mov(STEP, Mem.at(Gpr.RSP, 8));
    Mem[] sources = {
      Mem.at(SOURCE),
      Mem.at(SOURCE, ROW, 1, 0),
      Mem.at(SOURCE, ROW, 2, 0),
      Mem.at(SOURCE, THREE_ROWS, 1, 0)
    };
    Vec quad = Vec.zmm(0);
    Label step = a.here();
    for (int row = 0; row < rows; row++) {
      Vec part = Vec.zmm(row);
      a.vpmovzxbd(part, sources[row], Modifiers.zeroing(Mask.K1));
      if (row > 0) {
        a.vpslld(part, part, 8 * row);
        a.vpor(quad, quad, part);
      }
    }
    if (flips) {
      a.vpxor(quad, quad, FLIP);
    }
    a.vpdpbusd(SUMS, ONE, quad);
    a.vmovups(Mem.at(TARGET), quad);
    a.add(SOURCE, FOUR_ROWS);
    a.add(TARGET, STEP);
    a.dec(STEPS);
    a.jump(Condition.NOT_EQUAL, step);
    a.vmovups(Mem.at(SUMS_AT), SUMS);
    a.vzeroupper();
    a.ret();
    return a.toBytes();
  }

  private static void broadcast(Assembler a, Vec target, int value) {
    Vec first = target.as(Vec.Length.XMM);
    a.mov(STEP, Integer.toUnsignedLong(value));
    a.vmovd(first, STEP);
    a.vbroadcastss(target, first);
  }
}
