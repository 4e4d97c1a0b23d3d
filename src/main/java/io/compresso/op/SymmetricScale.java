package io.compresso.op;

/** How a recurrent state becomes {@code uint8}: symmetrically about the middle of the range. */
final class SymmetricScale {
  static final int ZERO_POINT = 128;
  private static final float STEPS = 127;

  /** A state of less is as good as 0: its scale could not be divided by. */
  private static final float LEAST = 0x1p-100f;

  private SymmetricScale() {}

  /** The scale for elements up to a magnitude; NaN for NaN. */
  static float of(float magnitude) {
    return Math.max(magnitude, LEAST) / STEPS;
  }
}
