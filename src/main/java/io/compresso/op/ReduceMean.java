package io.compresso.op;

import io.compresso.kernel.ReduceFunction;
import io.compresso.tensor.DType;
import java.util.Optional;

/** The mean along the axes; integers truncate. */
final class ReduceMean extends Reduction {
  ReduceMean() {
    super("ReduceMean", 18, 1, 11, 13, 18);
  }

  @Override
  ReduceFunction function() {
    return ReduceFunction.MEAN;
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
    return state[0] / count;
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
  long finishLong(long state, long count) {
    return count == 0 ? 0 : state / count;
  }

  @Override
  public Optional<QuantRule> quantRule() {
    return Optional.of(QuantRule.activation());
  }
}
