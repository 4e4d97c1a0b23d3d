package io.compresso.kernel.jit.arm;

/** What the 32-bit elements of a product are, and how they are multiplied. */
enum Products {
  /** Floats. */
  FLOATS(8),
  /** Four signed bytes on either side, by the dot product instruction. */
  DOT(8),
  /** Four signed bytes on either side, by widening multiplications. */
  WIDENED(4);

  private final int mostRows;

  Products(int mostRows) {
    this.mostRows = mostRows;
  }

  /** Rows of the largest tile. */
  int mostRows() {
    return mostRows;
  }

  /** Registers that hold a vector of sums. */
  int sumRegisters() {
    return this == WIDENED ? 2 : 1;
  }

  /** Registers for values in between. */
  int scratchRegisters() {
    return this == WIDENED ? 3 : 0;
  }
}
