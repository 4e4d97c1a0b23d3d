package io.compresso.op;

import io.compresso.kernel.ReduceFunction;
import io.compresso.tensor.DType;

/** The sum of magnitudes along the axes. */
final class ReduceL1 extends Reduction {
  ReduceL1() {
    super("ReduceL1", 18, 1, 11, 13, 18);
  }

  @Override
  ReduceFunction function() {
    return ReduceFunction.L1;
  }

  @Override
  void start(double[] state) {
    state[0] = 0;
  }

  @Override
  void fold(double[] state, double[] x, int n) {
    double result = state[0];
    for (int i = 0; i < n; i++) {
      result += Math.abs(x[i]);
    }
    state[0] = result;
  }

  @Override
  LongFold longFold(DType dtype) {
    return (state, x, n) -> {
      long result = state;
      for (int i = 0; i < n; i++) {
        result += dtype == DType.UINT64 ? x[i] : Math.abs(x[i]);
      }
      return result;
    };
  }
}
