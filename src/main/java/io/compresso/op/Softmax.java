package io.compresso.op;

import java.util.Optional;

/** {@code exp(x - max) / sum(exp(x - max))} along an axis. */
final class Softmax extends SoftmaxFamily {
  Softmax() {
    super("Softmax", 1, 11, 13);
  }

  @Override
  Boolean isLogarithm() {
    return false;
  }

  @Override
  void line(float[] x) {
    float max = FloatMath.max(x);
    for (int i = 0; i < x.length; i++) {
      x[i] -= max;
    }
    FloatMath.exp(x, x.length);
    float scale = (float) (1 / FloatMath.sum(x));
    for (int i = 0; i < x.length; i++) {
      x[i] *= scale;
    }
  }

  @Override
  void line(double[] x) {
    double max = Double.NEGATIVE_INFINITY;
    for (double value : x) {
      max = Math.max(max, value);
    }
    double sum = 0;
    for (int i = 0; i < x.length; i++) {
      x[i] = Math.exp(x[i] - max);
      sum += x[i];
    }
    for (int i = 0; i < x.length; i++) {
      x[i] /= sum;
    }
  }

  @Override
  public Optional<QuantRule> quantRule() {
    return Optional.of(QuantRule.activation());
  }
}
