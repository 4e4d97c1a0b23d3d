package io.compresso.op;

import io.compresso.kernel.PoolProblem;
import io.compresso.kernel.Weights;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The mean of each channel. */
final class GlobalAveragePool extends GlobalPooling {
  @Override
  public String opType() {
    return "GlobalAveragePool";
  }

  @Override
  public List<Integer> versions() {
    return List.of(1, 22);
  }

  @Override
  double reduce(OpContext context, double[] x, int from, int to) {
    double sum = 0;
    for (int i = from; i < to; i++) {
      sum += x[i];
    }
    return sum / (to - from);
  }

  @Override
  public @Nullable Lowered lower(LoweringContext context) {
    return PoolLowering.global(context, PoolProblem.Kind.AVERAGE, false, Weights.NONE);
  }
}
