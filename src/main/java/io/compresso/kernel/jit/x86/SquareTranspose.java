package io.compresso.kernel.jit.x86;

import io.compresso.kernel.jit.x86.Encoder.Modifiers;
import java.util.function.ObjIntConsumer;

/** Transposes 16 vectors of 16 words in the 32 registers of AVX-512. */
final class SquareTranspose {
  static final int SIDE = 16;
  private static final int EVEN_LANES = 0x88;
  private static final int ODD_LANES = 0xDD;

  private SquareTranspose() {}

  /** The register that holds a row before. */
  static Vec row(int number) {
    return Vec.zmm(number);
  }

  /**
   * Emits the transposition.
   *
   * @param lanes zeroes words of rows that are missing
   * @param rows how many rows of the result are wanted
   * @param store what becomes of a row of the result; it may use the registers from 19 on
   */
  static void emit(Assembler a, Modifiers lanes, int rows, ObjIntConsumer<Vec> store) {
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
    Vec left = Vec.zmm(16);
    Vec right = Vec.zmm(17);
    Vec result = Vec.zmm(18);
    for (int c = 0; c < 4; c++) {
      for (int odd = 0; odd < 2; odd++) {
        int quarters = odd == 0 ? EVEN_LANES : ODD_LANES;
        a.vshuff32x4(left, Vec.zmm(c), Vec.zmm(4 + c), quarters);
        a.vshuff32x4(right, Vec.zmm(8 + c), Vec.zmm(12 + c), quarters);
        for (int upper = 0; upper < 2; upper++) {
          int row = 4 * (odd + 2 * upper) + c;
          if (row < rows) {
            a.vshuff32x4(result, left, right, upper == 0 ? EVEN_LANES : ODD_LANES, lanes);
            store.accept(result, row);
          }
        }
      }
    }
  }
}
