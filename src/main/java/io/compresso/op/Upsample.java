package io.compresso.op;

import io.compresso.graph.Attribute;
import io.compresso.graph.Dim;
import io.compresso.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Enlarges a tensor by scales, nearest or linear; the forerunner of {@link Resize}. */
final class Upsample implements Operator {
  @Override
  public String opType() {
    return "Upsample";
  }

  @Override
  public List<Integer> versions() {
    return List.of(7, 9, 10);
  }

  @Override
  public ShapeRule shapeRule() {
    return context -> {
      List<Dim> x = context.dims(0);
      Tensor constant = context.constant(1);
      float[] scales =
          constant != null
              ? constant.toFloats()
              : attribute(context.node().attributes().get("scales"));
      List<Dim> dims = x == null ? null : new ArrayList<>(x);
      for (int axis = 0; dims != null && axis < dims.size(); axis++) {
        Long size = dims.get(axis).sizeOrNull();
        boolean known = scales != null && axis < scales.length && size != null;
        dims.set(
            axis,
            known && scales != null && size != null
                ? Dim.of((long) Math.floor(size * Math.max(0, scales[axis])))
                : Dim.UNKNOWN);
      }
      return List.of(Dims.tensor(context.dtype(0), dims));
    };
  }

  private static float @Nullable [] attribute(@Nullable Attribute attribute) {
    if (!(attribute instanceof Attribute.Floats(List<Float> values))) {
      return null;
    }
    float[] floats = new float[values.size()];
    for (int i = 0; i < floats.length; i++) {
      floats[i] = values.get(i);
    }
    return floats;
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
    Tensor given = context.tensorOrNull(1);
    float[] scales =
        given != null ? given.toFloats() : attribute(context.node().attributes().get("scales"));
    int rank = x.shape().rank();
    if (scales == null || scales.length != rank) {
      throw context.error("scales do not fit the input " + x.shape());
    }
    long[] dims = x.shape().dims();
    double[] scale = new double[rank];
    for (int axis = 0; axis < rank; axis++) {
      scale[axis] = Resize.scale(context, scales[axis]);
      dims[axis] = (long) Math.floor(dims[axis] * scales[axis]);
    }
    double[] to = new double[rank];
    Arrays.fill(to, 1);
    Resampling.Options options =
        new Resampling.Options(
            context.node().stringAttribute("mode", "nearest").equals("nearest")
                ? "nearest"
                : "linear",
            "asymmetric",
            "floor",
            0,
            false,
            false);
    return Resize.resample(
        context, options, Axes.shape(context, dims), scale, new double[rank], to);
  }
}
