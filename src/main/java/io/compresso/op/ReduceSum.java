package io.compresso.op;

import io.compresso.kernel.ReduceFunction;
import io.compresso.tensor.DType;
import java.util.Optional;

/** The sum along the axes. */
final class ReduceSum extends Reduction {
  ReduceSum() {
    super("ReduceSum", 13, 1, 11, 13);
  }

  @Override
  ReduceFunction function() {
    return ReduceFunction.SUM;
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
  LongFold longFold(DType dtype) {
    return (state, x, n) -> {
      long result = state;
      for (int i = 0; i < n; i++) {
        result += x[i];
      }
      return result;
    };
  }

  @Override
  public Optional<QuantRule> quantRule() {
    return Optional.of(QuantRule.activation());
  }
}
