package io.compresso.kernel.jit.x86;

/** The constants of a row of an 8-bit product, where tile code looks for them. */
final class RowTerms {
  static final int BYTES = 8;

  /** The sum of the row's integers. */
  static final int SUM = 0;

  /** The factor of the row. */
  static final int SCALE = 4;

  private RowTerms() {}
}
