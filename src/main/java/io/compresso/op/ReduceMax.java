package io.compresso.op;

import io.compresso.kernel.ReduceFunction;
import io.compresso.tensor.DType;
import java.util.Optional;

/** The largest element along the axes; NaN where there is one. */
final class ReduceMax extends Reduction {
  ReduceMax() {
    super("ReduceMax", 18, 1, 11, 12, 13, 18, 20);
  }

  @Override
  ReduceFunction function() {
    return ReduceFunction.MAX;
  }

  @Override
  void start(double[] state) {
    state[0] = Double.NEGATIVE_INFINITY;
  }

  @Override
  void fold(double[] state, double[] x, int n) {
    double result = state[0];
    for (int i = 0; i < n; i++) {
      result = Math.max(result, x[i]);
    }
    state[0] = result;
  }

  @Override
  long startLong(DType dtype) {
    return dtype == DType.BOOL || dtype == DType.UINT64
        ? 0
        : dtype.bits() == 64 ? Long.MIN_VALUE : dtype.minValue();
  }

  @Override
  LongFold longFold(DType dtype) {
    return (state, x, n) -> {
      long result = state;
      for (int i = 0; i < n; i++) {
        result =
            dtype == DType.UINT64 && Long.compareUnsigned(x[i], result) > 0
                    || dtype != DType.UINT64 && x[i] > result
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
