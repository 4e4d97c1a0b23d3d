package io.compresso.op;

import io.compresso.kernel.ReduceFunction;
import io.compresso.tensor.DType;

/** The sum of squares along the axes. */
final class ReduceSumSquare extends Reduction {
  ReduceSumSquare() {
    super("ReduceSumSquare", 18, 1, 11, 13, 18);
  }

  @Override
  ReduceFunction function() {
    return ReduceFunction.SUM_OF_SQUARES;
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
  LongFold longFold(DType dtype) {
    return (state, x, n) -> {
      long result = state;
      for (int i = 0; i < n; i++) {
        result += x[i] * x[i];
      }
      return result;
    };
  }
}
