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
  private static final int SIDE = SquareTranspose.SIDE;
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
      Vec row = SquareTranspose.row(i);
      if (i < count) {
        a.vmovups(row, Mem.at(FROM, i * sourceStride), mask);
      } else {
        a.vpxor(row, row, row);
      }
    }
    SquareTranspose.emit(
        a,
        Modifiers.NONE,
        elements,
        (result, row) -> a.vmovups(Mem.at(TO, row * targetStride), result));
  }
}
