package io.compresso.kernel.jit.x86;

/** What the 32-bit elements of a product are. */
enum Factors {
  FLOATS,
  /** Two bfloat16 on either side. */
  BFLOAT16_PAIRS,
  /** Four unsigned bytes on the left, four signed ones on the right. */
  UNSIGNED_BY_SIGNED,
  /** Four signed bytes on the left, four unsigned ones on the right. */
  SIGNED_BY_UNSIGNED;

  boolean leftUnsigned() {
    return this == UNSIGNED_BY_SIGNED;
  }

  /** Whether products are of bytes and sums of integers. */
  boolean isOfBytes() {
    return this == UNSIGNED_BY_SIGNED || this == SIGNED_BY_UNSIGNED;
  }

  /** Whether {@code set} has no instruction for such products of bytes. */
  boolean widens(VectorSet set) {
    return isOfBytes() && set == VectorSet.AVX2;
  }
}
