package io.compresso.kernel.jit.x86;

import io.compresso.kernel.Acceptance;
import io.compresso.kernel.PoolProblem;
import io.compresso.kernel.SpatialAxis;
import java.util.ArrayList;
import java.util.List;

/** Successive outputs of one axis of a pooling whose windows have the same taps in the input. */
final class PoolRuns {
  private static final SpatialAxis ONE = SpatialAxis.of(1, 1, 0);
  private static final int MOST_WINDOWS = 1 << 24;

  private PoolRuns() {}

  /**
   * Outputs with the same taps.
   *
   * @param first the first output
   * @param count how many
   * @param tap the first tap that lies in the input
   * @param taps how many do
   */
  record Run(int first, int count, int tap, int taps) {
    /** The position in the input of the first tap of the first output. */
    long start(SpatialAxis axis) {
      return (long) first * axis.stride() + (long) tap * axis.dilation() - axis.padBegin();
    }
  }

  static List<Run> of(SpatialAxis axis) {
    List<Run> runs = new ArrayList<>();
    for (int output = 0; output < axis.outputSize(); output++) {
      long start = (long) output * axis.stride() - axis.padBegin();
      int dilation = axis.dilation();
      int tap = start >= 0 ? 0 : (int) Math.min(axis.kernel(), Math.ceilDiv(-start, dilation));
      int end = (int) Math.clamp(Math.ceilDiv(axis.size() - start, dilation), tap, axis.kernel());
      Run last = runs.isEmpty() ? new Run(0, 0, -1, 0) : runs.getLast();
      if (last.tap == tap && last.taps == end - tap) {
        runs.set(runs.size() - 1, new Run(last.first, last.count + 1, tap, end - tap));
      } else {
        runs.add(new Run(output, 1, tap, end - tap));
      }
    }
    return runs;
  }

  /** The axes, made three by axes of size 1 before them. */
  static List<SpatialAxis> threeAxes(PoolProblem problem) {
    List<SpatialAxis> axes = new ArrayList<>(problem.axes());
    while (axes.size() < 3) {
      axes.addFirst(ONE);
    }
    return axes;
  }

  /** Whether each window has an element of the input. */
  static Acceptance accepts(PoolProblem problem) {
    for (SpatialAxis axis : problem.axes()) {
      if (axis.outputSize() > MOST_WINDOWS) {
        return Acceptance.no("more than %d windows along an axis".formatted(MOST_WINDOWS));
      }
      for (Run run : of(axis)) {
        if (run.taps == 0) {
          return Acceptance.no("a window wholly outside of the input");
        }
      }
    }
    return Acceptance.YES;
  }
}
