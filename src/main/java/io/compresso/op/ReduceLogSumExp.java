package io.compresso.op;

/** The natural logarithm of the sum of exponentials along the axes, relative to the largest. */
final class ReduceLogSumExp extends Reduction {
  ReduceLogSumExp() {
    super("ReduceLogSumExp", 18, 1, 11, 13, 18, 28);
  }

  @Override
  void start(double[] state) {
    state[0] = Double.NEGATIVE_INFINITY;
    state[1] = 0;
  }

  @Override
  void fold(double[] state, double[] x, int n) {
    double max = state[0];
    for (int i = 0; i < n; i++) {
      max = Math.max(max, x[i]);
    }
    if (Double.isInfinite(max)) {
      state[0] = max;
      return;
    }
    double sum = state[1] * Math.exp(state[0] - max);
    for (int i = 0; i < n; i++) {
      sum += Math.exp(x[i] - max);
    }
    state[0] = max;
    state[1] = sum;
  }

  @Override
  double finish(double[] state, long count) {
    return Double.isInfinite(state[0]) ? state[0] : state[0] + Math.log(state[1]);
  }
}
