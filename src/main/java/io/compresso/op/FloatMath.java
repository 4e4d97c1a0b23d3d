package io.compresso.op;

import java.lang.foreign.MemorySegment;

/**
 * Elementary functions on arrays, in loops that the compiler turns into vector code; accurate to a
 * few units in the last place of a float. Methods: Cody and Waite, "Software Manual for the
 * Elementary Functions" (exp); Press et al., "Numerical Recipes", 6.2 (erfc); Abramowitz and Stegun
 * 7.1.5 and 7.1.14 (erf in double precision).
 */
final class FloatMath {
  private static final float LOG2_E = 1.442695041f;
  private static final float LN2_HIGH = 0.693359375f;
  private static final float LN2_LOW = -2.12194440e-4f;

  /** Adding and subtracting it rounds a small float to an integer. */
  private static final float ROUNDER = 12582912f;

  private FloatMath() {}

  /** {@code exp(x)} of the first {@code n} elements, in place. */
  static void exp(float[] x, int n) {
    int[] bits = new int[n];
    int[] moreBits = new int[n];
    float[] powers = new float[n];
    reduce(x, n, bits, moreBits);
    scale(x, n, bits, powers);
    scale(x, n, moreBits, powers);
  }

  /** Leaves {@code exp} of what is left of x after whole powers of 2, and their float bits. */
  private static void reduce(float[] x, int n, int[] bits, int[] moreBits) {
    for (int i = 0; i < n; i++) {
      float clamped = Math.max(-104f, Math.min(89f, x[i]));
      float rounded = (clamped * LOG2_E + ROUNDER) - ROUNDER;
      float r = clamped - rounded * LN2_HIGH - rounded * LN2_LOW;
      float p = 1 / 5040f;
      p = p * r + 1 / 720f;
      p = p * r + 1 / 120f;
      p = p * r + 1 / 24f;
      p = p * r + 1 / 6f;
      p = p * r + 0.5f;
      x[i] = p * r * r + r + 1;
      int power = (int) rounded;
      int half = power >> 1;
      bits[i] = (half + 127) << 23;
      moreBits[i] = (power - half + 127) << 23;
    }
  }

  private static void scale(float[] x, int n, int[] bits, float[] powers) {
    MemorySegment.ofArray(powers).copyFrom(MemorySegment.ofArray(bits));
    for (int i = 0; i < n; i++) {
      x[i] *= powers[i];
    }
  }

  /** {@code 1 / (1 + exp(-x))} of the first {@code n} elements, in place. */
  static void sigmoid(float[] x, int n) {
    for (int i = 0; i < n; i++) {
      x[i] = -x[i];
    }
    exp(x, n);
    for (int i = 0; i < n; i++) {
      x[i] = 1 / (1 + x[i]);
    }
  }

  /** {@code tanh(x)} of the first {@code n} elements, in place: a series near 0, else by exp. */
  static void tanh(float[] x, int n) {
    float[] large = new float[n];
    for (int i = 0; i < n; i++) {
      large[i] = 2 * x[i];
    }
    exp(large, n);
    for (int i = 0; i < n; i++) {
      float near = Math.max(-0.3f, Math.min(0.3f, x[i]));
      float square = near * near;
      float small = -1382 / 155925f * square + 62 / 2835f;
      small = small * square - 17 / 315f;
      small = small * square + 2 / 15f;
      small = small * square - 1 / 3f;
      small = small * square * near + near;
      float far = Math.min(1f, Math.max(0f, (Math.abs(x[i]) - 0.3f) * 1e30f));
      x[i] = small + far * (1 - 2 / (1 + large[i]) - small);
    }
  }

  /** {@code erfc(|x|)} of the first {@code n} elements. */
  private static float[] erfc(float[] x, int n) {
    float[] y = new float[n];
    for (int i = 0; i < n; i++) {
      float z = Math.abs(x[i]);
      float t = 1 / (1 + 0.5f * z);
      float p = 0.17087277f;
      p = p * t - 0.82215223f;
      p = p * t + 1.48851587f;
      p = p * t - 1.13520398f;
      p = p * t + 0.27886807f;
      p = p * t - 0.18628806f;
      p = p * t + 0.09678418f;
      p = p * t + 0.37409196f;
      p = p * t + 1.00002368f;
      y[i] = p * t - 1.26551223f - z * z;
    }
    exp(y, n);
    for (int i = 0; i < n; i++) {
      y[i] *= 1 / (1 + 0.5f * Math.abs(x[i]));
    }
    return y;
  }

  /**
   * The error function of the first {@code n} elements, in place: a series near 0, else by erfc.
   */
  static void erf(float[] x, int n) {
    float[] complement = erfc(x, n);
    for (int i = 0; i < n; i++) {
      float near = Math.max(-0.5f, Math.min(0.5f, x[i]));
      float square = near * near;
      float small = -1 / 1320f * square + 1 / 216f;
      small = small * square - 1 / 42f;
      small = small * square + 1 / 10f;
      small = small * square - 1 / 3f;
      small = 1.1283791671f * (small * square * near + near);
      float sign = Math.max(-1f, Math.min(1f, x[i] * 1e30f));
      float far = Math.min(1f, Math.max(0f, (Math.abs(x[i]) - 0.5f) * 1e30f));
      x[i] = small + far * (sign * (1 - complement[i]) - small);
    }
  }

  /** {@code x * Phi(x)} of the first {@code n} elements, Phi the normal distribution, in place. */
  static void gelu(float[] x, int n) {
    float[] scaled = new float[n];
    for (int i = 0; i < n; i++) {
      scaled[i] = x[i] * 0.70710678f;
    }
    float[] complement = erfc(scaled, n);
    for (int i = 0; i < n; i++) {
      float tail = 0.5f * complement[i];
      float positive = Math.min(1f, Math.max(0f, x[i] * 1e30f));
      x[i] *= tail + positive * (1 - 2 * tail);
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

  /** The largest element; NaN when there is one. */
  static float max(float[] x) {
    float a = Float.NEGATIVE_INFINITY;
    float b = a;
    float c = a;
    float d = a;
    int i = 0;
    for (; i + 3 < x.length; i += 4) {
      a = Math.max(a, x[i]);
      b = Math.max(b, x[i + 1]);
      c = Math.max(c, x[i + 2]);
      d = Math.max(d, x[i + 3]);
    }
    for (; i < x.length; i++) {
      a = Math.max(a, x[i]);
    }
    return Math.max(Math.max(a, b), Math.max(c, d));
  }

  /** The sum, in double precision. */
  static double sum(float[] x) {
    double a = 0;
    double b = 0;
    double c = 0;
    double d = 0;
    int i = 0;
    for (; i + 3 < x.length; i += 4) {
      a += x[i];
      b += x[i + 1];
      c += x[i + 2];
      d += x[i + 3];
    }
    for (; i < x.length; i++) {
      a += x[i];
    }
    return (a + b) + (c + d);
  }
}
