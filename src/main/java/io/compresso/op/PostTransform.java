package io.compresso.op;

import io.compresso.graph.GraphException;
import io.compresso.graph.Node;

/** What {@code post_transform} makes of a sample's scores. */
enum PostTransform {
  NONE,
  LOGISTIC,
  SOFTMAX,
  SOFTMAX_ZERO,
  PROBIT;

  /** The parameter of Winitzki's approximation of the error function's inverse. */
  private static final double WINITZKI = 0.147;

  static PostTransform of(Node node) {
    String name = node.stringAttribute("post_transform", "NONE");
    try {
      return valueOf(name);
    } catch (IllegalArgumentException e) {
      throw new GraphException(node, "attribute 'post_transform' is '" + name + "'", e);
    }
  }

  /** In place; a score alone is changed by {@code PROBIT} only, as in ONNX Runtime. */
  void apply(double[] scores) {
    if (this == PROBIT) {
      for (int i = 0; i < scores.length; i++) {
        scores[i] = probit(scores[i]);
      }
      return;
    }
    if (scores.length < 2) {
      return;
    }
    switch (this) {
      case LOGISTIC -> {
        for (int i = 0; i < scores.length; i++) {
          scores[i] = logistic(scores[i]);
        }
      }
      case SOFTMAX -> softmax(scores, false);
      case SOFTMAX_ZERO -> softmax(scores, true);
      default -> {}
    }
  }

  /**
   * The scores of two classes from that of the second: both {@code LOGISTIC}, or as they are.
   *
   * @param signed whether the first's is the negative one, else what is left of 1
   */
  double[] two(double score, boolean signed) {
    return this == LOGISTIC
        ? new double[] {logistic(-score), logistic(score)}
        : new double[] {signed ? -score : 1 - score, score};
  }

  static double logistic(double x) {
    return 1 / (1 + Math.exp(-x));
  }

  private static double probit(double p) {
    double x = 2 * p - 1;
    double log = Math.log((1 - x) * (1 + x));
    double v = 2 / (Math.PI * WINITZKI) + log / 2;
    double inverse = Math.sqrt(-v + Math.sqrt(v * v - log / WINITZKI));
    return Math.sqrt(2) * (x < 0 ? -inverse : inverse);
  }

  /** Softmax; with {@code zeros} a score of 0 stays 0. */
  private static void softmax(double[] scores, boolean zeros) {
    double largest = Double.NEGATIVE_INFINITY;
    for (double score : scores) {
      largest = Math.max(largest, score);
    }
    double sum = 0;
    for (int i = 0; i < scores.length; i++) {
      boolean kept = zeros && Math.abs(scores[i]) <= 1e-7;
      scores[i] = kept ? scores[i] * Math.exp(-largest) : Math.exp(scores[i] - largest);
      sum += kept ? 0 : scores[i];
    }
    for (int i = 0; i < scores.length; i++) {
      scores[i] /= sum;
    }
  }
}
