package io.compresso.op;

import io.compresso.kernel.ReduceFunction;
import io.compresso.tensor.DType;
import java.util.Optional;

/** The smallest element along the axes; NaN where there is one. */
final class ReduceMin extends Reduction {
  ReduceMin() {
    super("ReduceMin", 18, 1, 11, 12, 13, 18, 20);
  }

  @Override
  ReduceFunction function() {
    return ReduceFunction.MIN;
  }

  @Override
  void start(double[] state) {
    state[0] = Double.POSITIVE_INFINITY;
  }

  @Override
  void fold(double[] state, double[] x, int n) {
    double result = state[0];
    for (int i = 0; i < n; i++) {
      result = Math.min(result, x[i]);
    }
    state[0] = result;
  }

  @Override
  long startLong(DType dtype) {
    return dtype == DType.BOOL ? 1 : dtype.maxValue();
  }

  @Override
  LongFold longFold(DType dtype) {
    return (state, x, n) -> {
      long result = state;
      for (int i = 0; i < n; i++) {
        result =
            dtype == DType.UINT64 && Long.compareUnsigned(x[i], result) < 0
                    || dtype != DType.UINT64 && x[i] < result
                ? x[i]
                : result;
      }
      return result;
    };
  }

  @Override
  public Optional<QuantRule> quantRule() {
    return Optional.of(QuantRule.activation());
  }
}
