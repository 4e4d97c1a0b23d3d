package io.compresso.op;

/**
 * Discrete Fourier transforms of any length: radix 2 where the length is a power of two, else
 * Bluestein's convolution ("A linear filtering approach to the computation of discrete Fourier
 * transform", 1970).
 */
final class Fourier {
  private Fourier() {}

  /** Transforms in place; the inverse is not divided by the length. */
  static void transform(double[] re, double[] im, boolean inverse) {
    int n = re.length;
    if (n <= 1) {
      return;
    }
    if ((n & (n - 1)) == 0) {
      radix2(re, im, inverse);
    } else {
      bluestein(re, im, inverse);
    }
  }

  private static void radix2(double[] re, double[] im, boolean inverse) {
    int n = re.length;
    int bits = Integer.numberOfTrailingZeros(n);
    for (int i = 0; i < n; i++) {
      int j = Integer.reverse(i) >>> (32 - bits);
      if (j > i) {
        swap(re, i, j);
        swap(im, i, j);
      }
    }
    for (int length = 2; length <= n; length <<= 1) {
      int half = length / 2;
      for (int k = 0; k < half; k++) {
        double angle = (inverse ? 2 : -2) * Math.PI * k / length;
        double cos = Math.cos(angle);
        double sin = Math.sin(angle);
        for (int i = k; i < n; i += length) {
          double a = re[i + half] * cos - im[i + half] * sin;
          double b = re[i + half] * sin + im[i + half] * cos;
          re[i + half] = re[i] - a;
          im[i + half] = im[i] - b;
          re[i] += a;
          im[i] += b;
        }
      }
    }
  }

  private static void swap(double[] values, int i, int j) {
    double value = values[i];
    values[i] = values[j];
    values[j] = value;
  }

  private static void bluestein(double[] re, double[] im, boolean inverse) {
    int n = re.length;
    int m = Integer.highestOneBit(2 * n - 1) << 1;
    double[] cos = new double[n];
    double[] sin = new double[n];
    for (int i = 0; i < n; i++) {
      double angle = Math.PI * ((long) i * i % (2L * n)) / n;
      cos[i] = Math.cos(angle);
      sin[i] = inverse ? -Math.sin(angle) : Math.sin(angle);
    }
    double[] aRe = new double[m];
    double[] aIm = new double[m];
    double[] bRe = new double[m];
    double[] bIm = new double[m];
    for (int i = 0; i < n; i++) {
      aRe[i] = re[i] * cos[i] + im[i] * sin[i];
      aIm[i] = im[i] * cos[i] - re[i] * sin[i];
      bRe[i] = cos[i];
      bIm[i] = sin[i];
      if (i > 0) {
        bRe[m - i] = cos[i];
        bIm[m - i] = sin[i];
      }
    }
    radix2(aRe, aIm, false);
    radix2(bRe, bIm, false);
    for (int i = 0; i < m; i++) {
      double real = aRe[i] * bRe[i] - aIm[i] * bIm[i];
      aIm[i] = aRe[i] * bIm[i] + aIm[i] * bRe[i];
      aRe[i] = real;
    }
    radix2(aRe, aIm, true);
    for (int i = 0; i < n; i++) {
      re[i] = (aRe[i] * cos[i] + aIm[i] * sin[i]) / m;
      im[i] = (aIm[i] * cos[i] - aRe[i] * sin[i]) / m;
    }
  }
}
