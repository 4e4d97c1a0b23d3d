package io.compresso.kernel;

/**
 * {@code y[i] = table[x[i]]} for {@code count} bytes, unsigned indices into the 256 bytes of {@link
 * Weights#data()} or of the second operand. Any function of 8-bit elements to 8-bit elements. The
 * output may be the input itself.
 */
public record LookupProblem(long count) implements Problem {
  /** Bytes of the table. */
  public static final int TABLE_BYTES = 256;

  public LookupProblem {
    Sizes.require("count", count);
  }

  @Override
  public KernelFamily family() {
    return KernelFamily.LOOKUP;
  }

  @Override
  public long inputBytes() {
    return count;
  }

  @Override
  public long secondBytes() {
    return TABLE_BYTES;
  }

  @Override
  public long outputBytes() {
    return count;
  }
}
