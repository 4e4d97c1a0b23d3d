package io.compresso.op;

import io.compresso.kernel.ReduceFunction;

/** The square root of the sum of squares along the axes. */
final class ReduceL2 extends Reduction {
  ReduceL2() {
    super("ReduceL2", 18, 1, 11, 13, 18);
  }

  @Override
  ReduceFunction function() {
    return ReduceFunction.L2;
  }

  @Override
  void start(double[] state) {
    state[0] = 0;
  }

  @Override
  void fold(double[] state, double[] x, int n) {
    double result = state[0];
    for (int i = 0; i < n; i++) {
      result += x[i] * x[i];
    }
    state[0] = result;
  }

  @Override
  double finish(double[] state, long count) {
    return Math.sqrt(state[0]);
  }
}
