package io.compresso.op;

/** Normalizing runs of elements to mean 0 and variance 1. */
final class Normalization {
  private Normalization() {}

  /** Mean and reciprocal of the standard deviation. */
  record Moments(double mean, double inverseDeviation) {}

  /** The moments of {@code x[from..to)}, with the population variance. */
  static Moments moments(double[] x, int from, int to, double epsilon) {
    double mean = 0;
    for (int i = from; i < to; i++) {
      mean += x[i];
    }
    mean /= to - from;
    double variance = 0;
    for (int i = from; i < to; i++) {
      variance += (x[i] - mean) * (x[i] - mean);
    }
    variance /= to - from;
    return new Moments(mean, 1 / Math.sqrt(variance + epsilon));
  }

  /** Normalizes {@code x[from..to)} in place. */
  static void normalize(double[] x, int from, int to, double epsilon) {
    Moments moments = moments(x, from, to, epsilon);
    for (int i = from; i < to; i++) {
      x[i] = (x[i] - moments.mean()) * moments.inverseDeviation();
    }
  }
}
