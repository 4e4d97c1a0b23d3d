package io.compresso.kernel.nhwc;

import io.compresso.kernel.ConvProblem;
import io.compresso.kernel.ConvProblem.Channels;
import io.compresso.kernel.SpatialAxis;
import java.util.ArrayList;
import java.util.List;

/**
 * A convolution brought to three spatial axes. Small groups of integers are merged into larger ones
 * whose filters are zero across the original ones, as long as their outputs fill no more than a
 * vector; pointwise convolutions become one column of pixels.
 *
 * @param images the batch
 * @param channels with merged groups; one group when depthwise
 * @param depthwise whether each output channel has one input channel of its own
 * @param merged how many of the problem's groups make one
 */
public record Geometry(
    int images,
    Channels channels,
    boolean depthwise,
    int merged,
    SpatialAxis depth,
    SpatialAxis height,
    SpatialAxis width) {
  static Geometry of(ConvProblem problem, TileBackend backend) {
    List<SpatialAxis> axes = new ArrayList<>(problem.axes());
    while (axes.size() < 3) {
      axes.addFirst(SpatialAxis.of(1, 1, 0));
    }
    Channels original = problem.channels();
    if (backend.depthwise()) {
      Channels all = new Channels(original.in(), original.out(), 1);
      return new Geometry(problem.batch(), all, true, 1, axes.get(0), axes.get(1), axes.get(2));
    }
    int merged = backend.arithmetic().isInteger() ? merged(original, backend.lanes()) : 1;
    Channels channels = new Channels(original.in(), original.out(), original.groups() / merged);
    SpatialAxis unit = SpatialAxis.of(1, 1, 0);
    if (axes.stream().allMatch(Geometry::isPointwise)) {
      int pixels = Math.toIntExact(problem.batch() * problem.inputArea());
      return new Geometry(1, channels, false, merged, unit, SpatialAxis.of(pixels, 1, 0), unit);
    }
    return new Geometry(
        problem.batch(), channels, false, merged, axes.get(0), axes.get(1), axes.get(2));
  }

  private static int merged(Channels channels, int lanes) {
    int merged = 1;
    for (int count = 2; count <= channels.groups(); count++) {
      if (channels.groups() % count == 0 && (long) channels.outPerGroup() * count <= lanes) {
        merged = count;
      }
    }
    return merged;
  }

  private static boolean isPointwise(SpatialAxis axis) {
    return axis.kernel() == 1 && axis.stride() == 1 && axis.padBegin() == 0 && axis.padEnd() == 0;
  }

  boolean isPadded() {
    return isPadded(depth) || isPadded(height) || isPadded(width);
  }

  private static boolean isPadded(SpatialAxis axis) {
    return axis.padBegin() > 0 || axis.padEnd() > 0;
  }

  /** Steps of a run of the filter. */
  int steps(Arithmetic arithmetic) {
    if (depthwise) {
      return width.kernel();
    }
    int unit = arithmetic.unit();
    return Math.ceilDiv(Math.ceilDiv(runLength(), arithmetic.grain()), unit) * unit;
  }

  /** Whether the filter's columns and their channels lie one after the other in the input. */
  boolean hasWholeRows() {
    return depthwise || channels.groups() == 1 && (width.dilation() == 1 || width.kernel() == 1);
  }

  /** Elements of the filter that meet consecutive elements of the input. */
  int runLength() {
    return hasWholeRows() ? width.kernel() * channels.in() : channels.inPerGroup();
  }

  /** How many such runs a filter has. */
  int runs() {
    int rows = depth.kernel() * height.kernel();
    return hasWholeRows() ? rows : rows * width.kernel();
  }
}
