package io.compresso.kernel.nhwc;

/**
 * {@code size} things in {@code parts} parts, as even as can be: the larger ones first, the others
 * one smaller.
 */
public record Split(int size, int parts) {
  public Split {
    if (parts < 1 || parts > size) {
      throw new IllegalArgumentException("%d in %d parts".formatted(size, parts));
    }
  }

  /** In as few parts as possible of at most {@code most}. */
  static Split ofAtMost(int size, int most) {
    return new Split(size, Math.ceilDiv(size, most));
  }

  /** Size of the larger parts. */
  public int large() {
    return Math.ceilDiv(size, parts);
  }

  /** How many of the parts are large ones. */
  public int largeCount() {
    return size - parts * (large() - 1);
  }

  /** Size of the other parts. */
  public int small() {
    return large() - 1;
  }

  public int smallCount() {
    return parts - largeCount();
  }

  /** Where a part begins. */
  public int start(int part) {
    return part * large() - Math.max(0, part - largeCount());
  }
}
