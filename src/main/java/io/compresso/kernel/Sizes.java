package io.compresso.kernel;

/** Checks of the sizes of problems. */
final class Sizes {
  private Sizes() {}

  static void require(String name, long size) {
    if (size < 0) {
      throw new IllegalArgumentException("%s of %d".formatted(name, size));
    }
  }

  /**
   * The product of sizes.
   *
   * @throws ArithmeticException if it overflows
   */
  static long product(long... sizes) {
    long product = 1;
    for (long size : sizes) {
      product = Math.multiplyExact(product, size);
    }
    return product;
  }
}
