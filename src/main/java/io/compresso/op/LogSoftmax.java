package io.compresso.op;

/** {@code x - max - ln(sum(exp(x - max)))} along an axis. */
final class LogSoftmax extends SoftmaxFamily {
  LogSoftmax() {
    super("LogSoftmax", 1, 11, 13);
  }

  @Override
  Boolean isLogarithm() {
    return true;
  }

  @Override
  void line(float[] x) {
    float max = FloatMath.max(x);
    for (int i = 0; i < x.length; i++) {
      x[i] -= max;
    }
    float[] powers = x.clone();
    FloatMath.exp(powers, powers.length);
    float log = (float) Math.log(FloatMath.sum(powers));
    for (int i = 0; i < x.length; i++) {
      x[i] -= log;
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
      x[i] -= max;
      sum += Math.exp(x[i]);
    }
    double log = Math.log(sum);
    for (int i = 0; i < x.length; i++) {
      x[i] -= log;
    }
  }
}
