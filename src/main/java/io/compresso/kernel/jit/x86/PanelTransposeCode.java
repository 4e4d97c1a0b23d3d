package io.compresso.kernel.jit.x86;

import io.compresso.kernel.jit.CodeBuffer.Label;
import io.compresso.kernel.jit.x86.Assembler.Condition;
import io.compresso.kernel.jit.x86.Encoder.Modifiers;

/**
 * Generates {@code void f(source, -, target, -, -, -, -)} for AVX-512, which transposes rows of
 * 32-bit elements, 16 by 16 in registers: row p of the target holds element p of each row of the
 * source. Columns of the target up to the next multiple of 16 are zeroed.
 *
 * @param rows rows of the source
 * @param columns elements of each
 * @param sourceStride bytes from one row of the source to the next
 * @param targetStride bytes from one row of the target to the next
 */
record PanelTransposeCode(int rows, int columns, long sourceStride, long targetStride) {
  private static final int SIDE = 16;
  private static final int EVEN_LANES = 0x88;
  private static final int ODD_LANES = 0xDD;
  private static final Gpr SOURCE = Gpr.RDI;
  private static final Gpr TARGET = Gpr.RDX;
  private static final Gpr FROM = Gpr.R10;
  private static final Gpr TO = Gpr.R11;
  private static final Gpr COUNT = Gpr.RCX;

  byte[] generate() {
    Assembler a = new Assembler();
    int tail = columns % SIDE;
    VectorSet.AVX512.loadTailMask(a, tail);
    for (int first = 0; first < rows; first += SIDE) {
      int count = Math.min(SIDE, rows - first);
      a.lea(FROM, Mem.at(SOURCE, first * sourceStride));
      a.lea(TO, Mem.at(TARGET, 4L * first));
      if (columns >= SIDE) {
        a.mov(COUNT, columns / SIDE);
        Label square = a.here();
        transpose(a, count, SIDE);
        a.add(FROM, 4 * SIDE);
        a.add(TO, SIDE * targetStride);
        a.dec(COUNT);
        a.jump(Condition.NOT_EQUAL, square);
      }
      if (tail > 0) {
        transpose(a, count, tail);
      }
    }
    a.vzeroupper();
    a.ret();
    return a.toBytes();
  }

  private void transpose(Assembler a, int count, int elements) {
    Modifiers mask = elements == SIDE ? Modifiers.NONE : Modifiers.zeroing(Mask.K1);
    for (int i = 0; i < SIDE; i++) {
      Vec row = Vec.zmm(i);
      if (i < count) {
        a.vmovups(row, Mem.at(FROM, i * sourceStride), mask);
      } else {
        a.vpxor(row, row, row);
      }
    }
    for (int i = 0; i < SIDE; i += 2) {
      a.vunpcklps(Vec.zmm(SIDE + i), Vec.zmm(i), Vec.zmm(i + 1));
      a.vunpckhps(Vec.zmm(SIDE + i + 1), Vec.zmm(i), Vec.zmm(i + 1));
    }
    for (int i = 0; i < SIDE; i += 4) {
      for (int half = 0; half < 2; half++) {
        Vec left = Vec.zmm(SIDE + i + half);
        Vec right = Vec.zmm(SIDE + i + 2 + half);
        a.vunpcklpd(Vec.zmm(i + 2 * half), left, right);
        a.vunpckhpd(Vec.zmm(i + 2 * half + 1), left, right);
      }
    }
    for (int c = 0; c < 4; c++) {
      for (int odd = 0; odd < 2; odd++) {
        int lanes = odd == 0 ? EVEN_LANES : ODD_LANES;
        Vec left = Vec.zmm(16);
        Vec right = Vec.zmm(17);
        Vec result = Vec.zmm(18);
        a.vshuff32x4(left, Vec.zmm(c), Vec.zmm(4 + c), lanes);
        a.vshuff32x4(right, Vec.zmm(8 + c), Vec.zmm(12 + c), lanes);
        store(a, left, right, result, EVEN_LANES, 4 * odd + c, elements);
        store(a, left, right, result, ODD_LANES, 4 * (odd + 2) + c, elements);
      }
    }
  }

  private void store(
      Assembler a, Vec left, Vec right, Vec result, int lanes, int row, int elements) {
    if (row < elements) {
      a.vshuff32x4(result, left, right, lanes);
      a.vmovups(Mem.at(TO, row * targetStride), result);
    }
  }
}
