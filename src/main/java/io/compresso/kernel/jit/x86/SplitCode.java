package io.compresso.kernel.jit.x86;

import io.compresso.kernel.jit.CodeBuffer.Label;
import io.compresso.kernel.jit.x86.Assembler.Condition;
import io.compresso.kernel.jit.x86.Encoder.Modifiers;

/**
 * Generates {@code void f(source, -, target, flags, rows, -, -)} for AVX512_BF16, which splits rows
 * of half-precision floats into two bfloat16 each, whose sum they are: a row of the target is the
 * first parts, the first parts again, and the second parts, each padded with zeroes. {@code flags},
 * 64 bytes, become other than 0 if an infinity or NaN is among the elements.
 *
 * @param columns elements of a row
 * @param padded elements of each part of a target's row, a multiple of 32
 * @param targetStride bytes from one row of the target to the next
 */
record SplitCode(int columns, int padded, long targetStride) {
  private static final int LANES = 16;
  private static final int BYTES = 2;
  private static final Gpr SOURCE = Gpr.RDI;
  private static final Gpr TARGET = Gpr.RDX;
  private static final Gpr FLAGS = Gpr.RCX;
  private static final Gpr ROWS = Gpr.R8;
  private static final Gpr FROM = Gpr.R10;
  private static final Gpr TO = Gpr.R11;
  private static final Gpr COUNT = Gpr.R9;
  private static final Vec VALUE = Vec.zmm(0);
  private static final Vec FIRST = Vec.zmm(1);
  private static final Vec PART = Vec.ymm(2);
  private static final Vec NOT_FINITE = Vec.zmm(3);
  private static final Vec DIFFERENCE = Vec.zmm(4);

  byte[] generate() {
    Assembler a = new Assembler();
    int tail = columns % LANES;
    VectorSet.AVX512.loadTailMask(a, tail);
    a.vpxor(NOT_FINITE, NOT_FINITE, NOT_FINITE);
    Label row = a.here();
    a.mov(FROM, SOURCE);
    a.mov(TO, TARGET);
    if (columns >= LANES) {
      a.mov(COUNT, columns / LANES);
      Label vector = a.here();
      split(a, Modifiers.NONE);
      a.add(FROM, LANES * BYTES);
      a.add(TO, LANES * BYTES);
      a.dec(COUNT);
      a.jump(Condition.NOT_EQUAL, vector);
    }
    if (tail > 0) {
      split(a, Modifiers.zeroing(Mask.K1));
      a.add(TO, LANES * BYTES);
    }
    if (Math.ceilDiv(columns, LANES) * LANES < padded) {
      a.vpxor(PART, PART, PART);
      storeFirst(a);
      a.vmovups(Mem.at(TO, 2L * padded * BYTES), PART);
    }
    a.add(SOURCE, (long) columns * BYTES);
    a.add(TARGET, targetStride);
    a.dec(ROWS);
    a.jump(Condition.NOT_EQUAL, row);
    a.vmovups(Mem.at(FLAGS), NOT_FINITE);
    a.vzeroupper();
    a.ret();
    return a.toBytes();
  }

  private void split(Assembler a, Modifiers modifiers) {
    a.vcvtph2ps(VALUE, Mem.at(FROM), modifiers);
    a.vsubps(DIFFERENCE, VALUE, VALUE);
    a.vorps(NOT_FINITE, NOT_FINITE, DIFFERENCE);
    a.vcvtneps2bf16(PART, VALUE);
    storeFirst(a);
    a.vpmovzxwd(FIRST, PART);
    a.vpslld(FIRST, FIRST, 16);
    a.vsubps(VALUE, VALUE, FIRST);
    a.vcvtneps2bf16(PART, VALUE);
    a.vmovups(Mem.at(TO, 2L * padded * BYTES), PART);
  }

  private void storeFirst(Assembler a) {
    a.vmovups(Mem.at(TO), PART);
    a.vmovups(Mem.at(TO, (long) padded * BYTES), PART);
  }
}
