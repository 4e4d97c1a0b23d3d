package io.compresso.op;

import java.util.Optional;

/** {@code exp(x - max) / sum(exp(x - max))} along an axis. */
final class Softmax extends SoftmaxFamily {
  Softmax() {
    super("Softmax", 1, 11, 13);
  }

  @Override
  void line(float[] x) {
    float max = Float.NEGATIVE_INFINITY;
    for (float value : x) {
      max = Math.max(max, value);
    }
    for (int i = 0; i < x.length; i++) {
      x[i] -= max;
    }
    FloatMath.exp(x, 0, x.length);
    double sum = 0;
    for (float value : x) {
      sum += value;
    }
    float scale = (float) (1 / sum);
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
