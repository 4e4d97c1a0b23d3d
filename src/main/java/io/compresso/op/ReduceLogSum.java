package io.compresso.op;

/** The natural logarithm of the sum along the axes. */
final class ReduceLogSum extends Reduction {
  ReduceLogSum() {
    super("ReduceLogSum", 18, 1, 11, 13, 18, 28);
  }

  @Override
  void start(double[] state) {
    state[0] = 0;
  }

  @Override
  void fold(double[] state, double[] x, int n) {
    double even = 0;
    double odd = 0;
    int i = 0;
    for (; i + 1 < n; i += 2) {
      even += x[i];
      odd += x[i + 1];
    }
    if (i < n) {
      even += x[i];
    }
    state[0] += even + odd;
  }

  @Override
  double finish(double[] state, long count) {
    return Math.log(state[0]);
  }
}
