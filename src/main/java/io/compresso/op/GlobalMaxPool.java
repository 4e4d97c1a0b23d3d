package io.compresso.op;

import io.compresso.kernel.PoolProblem;
import io.compresso.kernel.Weights;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The largest element of each channel. */
final class GlobalMaxPool extends GlobalPooling {
  @Override
  public String opType() {
    return "GlobalMaxPool";
  }

  @Override
  public List<Integer> versions() {
    return List.of(1, 22);
  }

  @Override
  double reduce(OpContext context, double[] x, int from, int to) {
    double largest = Double.NEGATIVE_INFINITY;
    for (int i = from; i < to; i++) {
      largest = Math.max(largest, x[i]);
    }
    return largest;
  }

  @Override
  public @Nullable Lowered lower(LoweringContext context) {
    return PoolLowering.global(context, PoolProblem.Kind.MAX, false, Weights.NONE);
  }
}
