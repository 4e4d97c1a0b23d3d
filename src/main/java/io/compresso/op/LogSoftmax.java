package io.compresso.op;

/** {@code x - max - ln(sum(exp(x - max)))} along an axis. */
final class LogSoftmax extends SoftmaxFamily {
  LogSoftmax() {
    super("LogSoftmax", 1, 11, 13);
  }

  @Override
  void line(float[] x) {
    float max = Float.NEGATIVE_INFINITY;
    for (float value : x) {
      max = Math.max(max, value);
    }
    double sum = 0;
    for (int i = 0; i < x.length; i++) {
      x[i] -= max;
      sum += FloatMath.exp(x[i]);
    }
    float log = (float) Math.log(sum);
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
