package io.compresso.op;

import io.compresso.kernel.PoolProblem;
import io.compresso.kernel.Weights;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The mean of each window. */
final class AveragePool extends Pooling {
  @Override
  public String opType() {
    return "AveragePool";
  }

  @Override
  public List<Integer> versions() {
    return List.of(1, 7, 10, 11, 19, 22);
  }

  @Override
  public Optional<Reference> reference() {
    return Optional.of(context ->
        List.of(
            pool(
                context,
                window(context),
                reduction(context.node().intAttribute("count_include_pad", 0) != 0))));
  }

  /** The mean of a window; NaN where it counts nothing. */
  static Reduction reduction(boolean includePad) {
    return (x, window, plane, start) -> {
      double sum = 0;
      int count = 1;
      int padded = 1;
      int[] first = new int[3];
      int[] last = new int[3];
      for (int axis = 0; axis < 3; axis++) {
        first[axis] = window.first(axis, start[axis]);
        last[axis] = window.last(axis, start[axis]);
        count *= Math.max(0, last[axis] - first[axis]);
        int room = window.in()[axis] + window.end()[axis] - start[axis];
        padded *= Math.min(window.kernel()[axis], Math.ceilDiv(room, window.dilation()[axis]));
      }
      for (int d = first[0]; d < last[0]; d++) {
        int slice = plane + (start[0] + d * window.dilation()[0]) * window.in()[1] * window.in()[2];
        for (int h = first[1]; h < last[1]; h++) {
          int row = slice + (start[1] + h * window.dilation()[1]) * window.in()[2] + start[2];
          for (int w = first[2]; w < last[2]; w++) {
            sum += x[row + w * window.dilation()[2]];
          }
        }
      }
      return sum / (includePad ? padded : count);
    };
  }

  @Override
  public @Nullable Lowered lower(LoweringContext context) {
    boolean padded = context.node().intAttribute("count_include_pad", 0) != 0;
    PoolProblem.Kind kind =
        padded ? PoolProblem.Kind.AVERAGE_WITH_PADDING : PoolProblem.Kind.AVERAGE;
    return PoolLowering.windows(context, kind, false, Weights.NONE);
  }
}
