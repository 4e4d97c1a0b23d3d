package io.compresso.op;

/** The Gaussian error linear unit (Hendrycks and Gimpel, 2016) and its approximations. */
final class Gelus {
  private Gelus() {}

  /** By the tanh approximation. */
  static double tanh(double x) {
    return 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x * x * x)));
  }

  /** {@code x} times the standard normal distribution function. */
  static double exact(double x) {
    return 0.5 * x * (1 + erf(x / Math.sqrt(2)));
  }

  /** By series near 0 and continued fraction further off. */
  private static double erf(double x) {
    double z = Math.abs(x);
    if (z > 6) {
      return Math.signum(x);
    }
    if (z < 2.5) {
      double term = z;
      double sum = z;
      for (int n = 1; Math.abs(term) > 1e-17 * sum; n++) {
        term *= -z * z / n;
        sum += term / (2 * n + 1);
      }
      return Math.signum(x) * 2 / Math.sqrt(Math.PI) * sum;
    }
    double fraction = z;
    for (int n = 60; n > 0; n--) {
      fraction = z + n / 2.0 / fraction;
    }
    return Math.signum(x) * (1 - Math.exp(-z * z) / Math.sqrt(Math.PI) / fraction);
  }
}
