package io.compresso.kernel.jit.x86;

/** What the 32-bit elements of a product are. */
enum Factors {
  FLOATS,
  /** Four unsigned bytes on the left, four signed ones on the right. */
  UNSIGNED_BY_SIGNED,
  /** Four signed bytes on the left, four unsigned ones on the right. */
  SIGNED_BY_UNSIGNED;

  boolean leftUnsigned() {
    return this == UNSIGNED_BY_SIGNED;
  }

  /** Whether {@code set} has no instruction for such products of bytes. */
  boolean widens(VectorSet set) {
    return this != FLOATS && set == VectorSet.AVX2;
  }
}
