package io.compresso.op;

import io.compresso.kernel.ReduceFunction;
import io.compresso.tensor.DType;

/** The product along the axes. */
final class ReduceProd extends Reduction {
  ReduceProd() {
    super("ReduceProd", 18, 1, 11, 13, 18);
  }

  @Override
  ReduceFunction function() {
    return ReduceFunction.PRODUCT;
  }

  @Override
  void start(double[] state) {
    state[0] = 1;
  }

  @Override
  void fold(double[] state, double[] x, int n) {
    double result = state[0];
    for (int i = 0; i < n; i++) {
      result *= x[i];
    }
    state[0] = result;
  }

  @Override
  long startLong(DType dtype) {
    return 1;
  }

  @Override
  LongFold longFold(DType dtype) {
    return (state, x, n) -> {
      long result = state;
      for (int i = 0; i < n; i++) {
        result *= x[i];
      }
      return result;
    };
  }
}
