package io.compresso.op;

import io.compresso.graph.Dim;
import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Samples {@code [N, C, spatial...]} at the points of a grid whose coordinates span [-1, 1]. */
final class GridSample implements Operator {
  /** The cubic convolution's free parameter, as in ONNX. */
  private static final double ALPHA = -0.75;

  @Override
  public String opType() {
    return "GridSample";
  }

  @Override
  public List<Integer> versions() {
    return List.of(16, 20, 22);
  }

  @Override
  public ShapeRule shapeRule() {
    return context -> {
      DType dtype = context.dtype(0);
      List<Dim> x = context.dims(0);
      List<Dim> grid = context.dims(1);
      if (dtype == null) {
        return List.of(Inferred.UNKNOWN);
      }
      if (x == null || grid == null || x.size() < 3 || grid.size() != x.size()) {
        return List.of(Inferred.tensor(dtype, null));
      }
      List<Dim> dims = new ArrayList<>(x.subList(0, 2));
      dims.addAll(grid.subList(1, grid.size() - 1));
      return List.of(Inferred.tensor(dtype, dims));
    };
  }

  @Override
  public Optional<Reference> reference() {
    return Optional.of(context -> List.of(run(context)));
  }

  private static Tensor run(OpContext context) {
    Tensor x = context.tensor(0);
    Tensor grid = context.tensor(1);
    int axes = x.shape().rank() - 2;
    if (axes < 1
        || grid.shape().rank() != axes + 2
        || grid.shape().dim(-1) != axes
        || grid.shape().dim(0) != x.shape().dim(0)) {
      throw context.error("grid " + grid.shape() + " for input " + x.shape());
    }
    Sampler sampler = Sampler.of(context, x.shape());
    double[] values = Reals.doubles(x);
    double[] points = Reals.doubles(grid);
    int channels = Math.toIntExact(x.shape().dim(1));
    int plane = Math.toIntExact(x.shape().size(2, axes + 2));
    int count = Math.toIntExact(grid.shape().size(1, axes + 1));
    long[] dims = grid.shape().dims();
    System.arraycopy(dims, 1, dims, 2, axes);
    dims[1] = channels;
    double[] y = new double[Math.toIntExact(Shape.of(dims).size())];
    double[] at = new double[axes];
    for (int n = 0; n < dims[0]; n++) {
      for (int i = 0; i < count; i++) {
        for (int axis = 0; axis < axes; axis++) {
          at[axis] = sampler.denormalize(axis, points[(n * count + i) * axes + axes - 1 - axis]);
        }
        for (int c = 0; c < channels; c++) {
          y[(n * channels + c) * count + i] =
              sampler.sample(values, (n * channels + c) * plane, at);
        }
      }
    }
    return Reals.tensor(context, x.dtype(), Shape.of(dims), y);
  }

  private enum Mode {
    NEAREST,
    LINEAR,
    CUBIC
  }

  private enum Padding {
    ZEROS,
    BORDER,
    REFLECTION
  }

  private record Sampler(int[] sizes, Mode mode, Padding padding, boolean corners) {
    static Sampler of(OpContext context, Shape shape) {
      Mode mode =
          switch (context.node().stringAttribute("mode", "linear")) {
            case "linear", "bilinear" -> Mode.LINEAR;
            case "nearest" -> Mode.NEAREST;
            case "cubic", "bicubic" -> Mode.CUBIC;
            case String other -> throw context.error("mode '" + other + "' is not known");
          };
      Padding padding =
          switch (context.node().stringAttribute("padding_mode", "zeros")) {
            case "zeros" -> Padding.ZEROS;
            case "border" -> Padding.BORDER;
            case "reflection" -> Padding.REFLECTION;
            case String other -> throw context.error("padding_mode '" + other + "' is not known");
          };
      int[] sizes = new int[shape.rank() - 2];
      for (int axis = 0; axis < sizes.length; axis++) {
        sizes[axis] = Math.toIntExact(shape.dim(axis + 2));
      }
      return new Sampler(
          sizes, mode, padding, context.node().intAttribute("align_corners", 0) != 0);
    }

    double denormalize(int axis, double coordinate) {
      return corners
          ? (coordinate + 1) / 2 * (sizes[axis] - 1)
          : ((coordinate + 1) * sizes[axis] - 1) / 2;
    }

    double sample(double[] x, int plane, double[] at) {
      double[] inside = new double[at.length];
      for (int axis = 0; axis < at.length; axis++) {
        double coordinate = mode == Mode.NEAREST ? Math.rint(at[axis]) : at[axis];
        inside[axis] = mode == Mode.CUBIC ? coordinate : pad(axis, coordinate);
      }
      return interpolate(x, plane, inside, 0);
    }

    /** Interpolates along {@code axis} and those after it. */
    private double interpolate(double[] x, int offset, double[] at, int axis) {
      if (axis == at.length) {
        return x[offset];
      }
      double floor = Math.floor(at[axis]);
      double fraction = at[axis] - floor;
      double[] weights =
          switch (mode) {
            case NEAREST -> new double[] {1};
            case LINEAR -> new double[] {1 - fraction, fraction};
            case CUBIC -> cubic(fraction);
          };
      double first = mode == Mode.CUBIC ? floor - 1 : floor;
      double sum = 0;
      for (int i = 0; i < weights.length; i++) {
        double index = pad(axis, first + i);
        if (weights[i] != 0 && index >= 0 && index < sizes[axis]) {
          sum += weights[i] * interpolate(x, offset + stride(axis, (int) index), at, axis + 1);
        }
      }
      return sum;
    }

    private int stride(int axis, int index) {
      int stride = index;
      for (int i = axis + 1; i < sizes.length; i++) {
        stride *= sizes[i];
      }
      return stride;
    }

    private double pad(int axis, double coordinate) {
      double low = corners ? 0 : -0.5;
      double high = corners ? sizes[axis] - 1 : sizes[axis] - 0.5;
      return switch (padding) {
        case ZEROS -> coordinate;
        case BORDER -> Math.max(0, Math.min(sizes[axis] - 1, coordinate));
        case REFLECTION -> reflect(coordinate, low, high);
      };
    }

    private static double reflect(double coordinate, double low, double high) {
      double range = high - low;
      if (range <= 0 || coordinate >= low && coordinate <= high || Double.isNaN(coordinate)) {
        return range <= 0 ? 0 : coordinate;
      }
      double beyond = coordinate < low ? low - coordinate : coordinate - high;
      double times = Math.floor(beyond / range);
      double rest = beyond - times * range;
      boolean fromLow = coordinate < low == (times % 2 == 0);
      return fromLow ? low + rest : high - rest;
    }

    private static double[] cubic(double t) {
      return new double[] {outer(t + 1), inner(t), inner(1 - t), outer(2 - t)};
    }

    private static double inner(double d) {
      return ((ALPHA + 2) * d - (ALPHA + 3)) * d * d + 1;
    }

    private static double outer(double d) {
      return ((ALPHA * d - 5 * ALPHA) * d + 8 * ALPHA) * d - 4 * ALPHA;
    }
  }
}
