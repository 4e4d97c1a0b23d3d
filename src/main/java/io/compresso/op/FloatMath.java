package io.compresso.op;

/**
 * Elementary functions on arrays, in loops that the compiler turns into vector code; accurate to a
 * few units in the last place of a float. Methods: Cody and Waite, "Software Manual for the
 * Elementary Functions" (exp); Abramowitz and Stegun 7.1.5 and 7.1.14 (erf).
 */
final class FloatMath {
  private static final float LOG2_E = 1.442695041f;
  private static final float LN2_HIGH = 0.693359375f;
  private static final float LN2_LOW = -2.12194440e-4f;

  private FloatMath() {}

  /** {@code exp(x)} in place. */
  static void exp(float[] x, int from, int to) {
    for (int i = from; i < to; i++) {
      x[i] = exp(x[i]);
    }
  }

  /** {@code exp(x)}. */
  static float exp(float x) {
    float clamped = Math.max(-104f, Math.min(89f, x));
    float rounded = clamped * LOG2_E;
    rounded = (rounded + 12582912f) - 12582912f;
    float r = clamped - rounded * LN2_HIGH;
    r -= rounded * LN2_LOW;
    float p = 1 / 5040f;
    p = p * r + 1 / 720f;
    p = p * r + 1 / 120f;
    p = p * r + 1 / 24f;
    p = p * r + 1 / 6f;
    p = p * r + 0.5f;
    p = p * r * r + r + 1;
    int n = (int) rounded;
    int half = n >> 1;
    return p
        * Float.intBitsToFloat((half + 127) << 23)
        * Float.intBitsToFloat((n - half + 127) << 23);
  }

  /** {@code 1 / (1 + exp(-x))} in place. */
  static void sigmoid(float[] x, int from, int to) {
    for (int i = from; i < to; i++) {
      x[i] = 1 / (1 + exp(-x[i]));
    }
  }

  /** {@code tanh(x)} in place. */
  static void tanh(float[] x, int from, int to) {
    for (int i = from; i < to; i++) {
      x[i] = tanh(x[i]);
    }
  }

  /** {@code tanh(x)}. */
  static float tanh(float x) {
    float square = x * x;
    float magnitude = Math.abs(x);
    float large = 1 - 2 / (1 + exp(2 * magnitude));
    float small = 62 / 2835f;
    small = -1382 / 155925f * square + small;
    small = small * square - 17 / 315f;
    small = small * square + 2 / 15f;
    small = small * square - 1 / 3f;
    small = small * square * x + x;
    return magnitude < 0.3f ? small : Math.copySign(large, x);
  }

  /** The error function in place. */
  static void erf(float[] x, int from, int to) {
    for (int i = from; i < to; i++) {
      x[i] = (float) erf((double) x[i]);
    }
  }

  /** The error function: its Maclaurin series, and a continued fraction for large arguments. */
  static double erf(double x) {
    double magnitude = Math.abs(x);
    if (!(magnitude < 6)) {
      return Double.isNaN(x) ? x : Math.copySign(1, x);
    }
    double square = x * x;
    if (magnitude < 2.5) {
      double term = x;
      double sum = x;
      for (int n = 1; Math.abs(term) > 1e-17 * Math.abs(sum); n++) {
        term *= -square / n;
        sum += term / (2 * n + 1);
      }
      return sum * 2 / Math.sqrt(Math.PI);
    }
    double fraction = 0;
    for (int k = 60; k > 0; k--) {
      fraction = k / 2.0 / (magnitude + fraction);
    }
    double tail = Math.exp(-square) / (Math.sqrt(Math.PI) * (magnitude + fraction));
    return Math.copySign(1 - tail, x);
  }
}
