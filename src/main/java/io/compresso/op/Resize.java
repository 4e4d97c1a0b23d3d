package io.compresso.op;

import io.compresso.graph.Dim;
import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** Resamples a tensor to other sizes: nearest, linear or cubic, axis by axis. */
final class Resize implements Operator {
  @Override
  public String opType() {
    return "Resize";
  }

  @Override
  public List<Integer> versions() {
    return List.of(10, 11, 13, 18, 19);
  }

  @Override
  public ShapeRule shapeRule() {
    return context -> {
      DType dtype = context.dtype(0);
      List<Dim> x = context.dims(0);
      if (x == null) {
        return List.of(Dims.tensor(dtype, null));
      }
      boolean first = context.opset() < 11;
      long[] axes = axes(context.node().intsAttribute("axes"), x.size());
      List<Dim> dims = new ArrayList<>(x);
      List<Dim> sizes = first ? null : Dims.elements(context, 3);
      Tensor scales = context.constant(first ? 1 : 2);
      boolean stretched =
          context.node().stringAttribute("keep_aspect_ratio_policy", "stretch").equals("stretch");
      for (int i = 0; i < axes.length; i++) {
        int axis = Dims.axis(context, axes[i], x.size());
        Long size = x.get(axis).sizeOrNull();
        if (sizes != null && i < sizes.size()) {
          dims.set(axis, stretched ? sizes.get(i) : Dim.UNKNOWN);
        } else if (scales != null && i < scales.size()) {
          float scale = scales.getFloat(i);
          if (scale != 1) {
            dims.set(axis, size == null ? Dim.UNKNOWN : Dim.of((long) Math.floor(size * scale)));
          }
        } else {
          dims.set(axis, Dim.UNKNOWN);
        }
      }
      return List.of(Dims.tensor(dtype, dims));
    };
  }

  private static long[] axes(long @Nullable [] axes, int rank) {
    return axes == null ? IntStream.range(0, rank).asLongStream().toArray() : axes;
  }

  @Override
  public Optional<Reference> reference() {
    return Optional.of(context -> List.of(run(context)));
  }

  @Override
  public Optional<QuantRule> quantRule() {
    return Optional.of(QuantRule.activation());
  }

  private static Tensor run(OpContext context) {
    Tensor x = context.tensor(0);
    int rank = x.shape().rank();
    boolean first = context.opset() < 11;
    long[] axes = axes(context.node().intsAttribute("axes"), rank);
    double[] scale = new double[rank];
    Arrays.fill(scale, 1);
    long[] dims = x.shape().dims();
    Tensor sizes = first ? null : context.tensorOrNull(3);
    Tensor scales = context.tensorOrNull(first ? 1 : 2);
    if (sizes != null && sizes.size() > 0) {
      sizes(context, sizes, axes, dims, scale);
    } else if (scales != null && scales.size() == axes.length) {
      for (int i = 0; i < axes.length; i++) {
        int axis = Axes.normalize(context, axes[i], rank);
        scale[axis] = scale(context, scales.getFloat(i));
        dims[axis] = (long) Math.floor(dims[axis] * (float) scale[axis]);
      }
    } else {
      throw context.error("neither scales nor sizes fit the " + axes.length + " axes");
    }
    double[] from = new double[rank];
    double[] to = new double[rank];
    Arrays.fill(to, 1);
    Tensor roi = first ? null : context.tensorOrNull(1);
    if (roi != null && roi.size() == 2L * axes.length) {
      for (int i = 0; i < axes.length; i++) {
        int axis = Axes.normalize(context, axes[i], rank);
        from[axis] = roi.getDouble(i);
        to[axis] = roi.getDouble((long) i + axes.length);
      }
    }
    var node = context.node();
    Resampling.Options options =
        new Resampling.Options(
            node.stringAttribute("mode", "nearest"),
            node.stringAttribute(
                "coordinate_transformation_mode", first ? "asymmetric" : "half_pixel"),
            node.stringAttribute(
                "nearest_mode",
                first ? Resampling.TOWARDS_END_WHERE_SMALLER : "round_prefer_floor"),
            node.floatAttribute("cubic_coeff_a", -0.75f),
            node.intAttribute("exclude_outside", 0) != 0,
            node.intAttribute("antialias", 0) != 0);
    return resample(context, options, Axes.shape(context, dims), scale, from, to);
  }

  static double scale(OpContext context, float scale) {
    if (!(scale > 0) || Float.isInfinite(scale)) {
      throw context.error("scale " + scale + " is not finite and positive");
    }
    return scale;
  }

  private static void sizes(
      OpContext context, Tensor sizes, long[] axes, long[] dims, double[] scale) {
    if (sizes.size() != axes.length) {
      throw context.error(sizes.size() + " sizes for " + axes.length + " axes");
    }
    String policy = context.node().stringAttribute("keep_aspect_ratio_policy", "stretch");
    double common = policy.equals("not_larger") ? Double.POSITIVE_INFINITY : 0;
    for (int i = 0; i < axes.length; i++) {
      int axis = Axes.normalize(context, axes[i], dims.length);
      scale[axis] = dims[axis] == 0 ? 1 : (double) sizes.getLong(i) / dims[axis];
      common =
          policy.equals("not_larger")
              ? Math.min(common, scale[axis])
              : Math.max(common, scale[axis]);
    }
    for (int i = 0; i < axes.length; i++) {
      int axis = Axes.normalize(context, axes[i], dims.length);
      if (policy.equals("stretch")) {
        dims[axis] = sizes.getLong(i);
      } else {
        scale[axis] = common;
        dims[axis] = (long) Math.floor(common * dims[axis] + 0.5);
      }
    }
  }

  static Tensor resample(
      OpContext context,
      Resampling.Options options,
      Shape shape,
      double[] scale,
      double[] from,
      double[] to) {
    Tensor x = context.tensor(0);
    boolean crop = options.coordinates().equals("tf_crop_and_resize");
    long[] dims = x.shape().dims();
    double[] values = Reals.doubles(x);
    boolean[][] outside = new boolean[dims.length][];
    try {
      for (int axis = 0; axis < dims.length; axis++) {
        int size = Math.toIntExact(shape.dim(axis));
        if (dims[axis] == 0 || scale[axis] == 1 && size == dims[axis] && !crop) {
          continue;
        }
        Resampling resampling =
            Resampling.of(options, (int) dims[axis], size, scale[axis], from[axis], to[axis]);
        Shape before = Shape.of(dims);
        values =
            resampling.apply(
                values,
                Math.toIntExact(before.size(0, axis)),
                (int) dims[axis],
                Math.toIntExact(before.size(axis + 1, dims.length)));
        outside[axis] = resampling.outside();
        dims[axis] = size;
      }
    } catch (IllegalArgumentException e) {
      throw context.error(String.valueOf(e.getMessage()));
    }
    if (crop) {
      extrapolate(values, shape, outside, context.node().floatAttribute("extrapolation_value", 0));
    }
    if (!x.dtype().isFloat()) {
      round(values, x.dtype());
    }
    return Reals.tensor(context, x.dtype(), shape, values);
  }

  private static void round(double[] values, DType dtype) {
    if (!dtype.isInteger() || dtype.bits() > 32) {
      return;
    }
    for (int i = 0; i < values.length; i++) {
      values[i] = Math.max(dtype.minValue(), Math.min(dtype.maxValue(), values[i]));
    }
  }

  private static void extrapolate(double[] y, Shape shape, boolean[][] outside, double value) {
    for (int axis = 0; axis < outside.length; axis++) {
      if (outside[axis] == null) {
        continue;
      }
      int inner = Math.toIntExact(shape.size(axis + 1, shape.rank()));
      for (int i = 0; i < y.length; i++) {
        if (outside[axis][i / inner % outside[axis].length]) {
          y[i] = value;
        }
      }
    }
  }
}
