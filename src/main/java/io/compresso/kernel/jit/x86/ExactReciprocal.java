package io.compresso.kernel.jit.x86;

import java.util.Optional;

/**
 * A reciprocal of a scale in two floats, {@code 1 / s = high + low}, with which {@code fma(x, high,
 * x * low)} rounds to the same integer as {@code x / s} does. The two can differ only next to the
 * halves between integers, where they are compared.
 */
record ExactReciprocal(float high, float low) {
  private static final float LEAST_SCALE = 0x1p-70f;
  private static final float GREATEST_SCALE = 0x1p100f;

  /** Floats on each side of a half that are compared; the quotients are off by less than one. */
  private static final int NEIGHBOURS = 3;

  /**
   * The reciprocal of {@code scale}.
   *
   * @param least the least integer that results are not clamped to
   * @param greatest the greatest one
   * @return empty if it does not round as the division does, or might overflow
   */
  static Optional<ExactReciprocal> of(float scale, int least, int greatest) {
    if (!(scale >= LEAST_SCALE && scale <= GREATEST_SCALE)) {
      return Optional.empty();
    }
    float high = 1 / scale;
    ExactReciprocal reciprocal = new ExactReciprocal(high, (float) (1.0 / scale - high));
    for (int step = least - 1; step <= greatest; step++) {
      float x = (float) ((step + 0.5) * scale);
      for (int i = 0; i < NEIGHBOURS; i++) {
        x = Math.nextDown(x);
      }
      for (int i = -NEIGHBOURS; i <= NEIGHBOURS; i++) {
        if (Math.rint(x / scale) != Math.rint(reciprocal.quotient(x))) {
          return Optional.empty();
        }
        x = Math.nextUp(x);
      }
    }
    return Optional.of(reciprocal);
  }

  private float quotient(float x) {
    return Math.fma(x, high, x * low);
  }
}
