package io.compresso.kernel.panel;

/**
 * {@code size} things in {@code parts} parts, as even as can be. Larger and smaller parts are
 * mixed, so that the same number of consecutive parts, wherever they are, have as many things but
 * one.
 */
public record Shares(long size, int parts) {
  public Shares {
    if (parts < 1 || parts > size) {
      throw new IllegalArgumentException("%d in %d parts".formatted(size, parts));
    }
  }

  /** Where a part begins; {@code size} for the part after the last. */
  public long start(int part) {
    return size / parts * part + size % parts * part / parts;
  }

  /** The most parts up to {@code most} that so many threads can share evenly; at least one. */
  public static int balanced(long most, int threads) {
    return Math.toIntExact(most < threads ? Math.max(1, most) : most / threads * threads);
  }
}
