package io.compresso.op;

import io.compresso.graph.Dim;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** The slices of an axis for which a condition holds; of the flattened tensor without an axis. */
final class Compress extends StandardOperator {
  Compress() {
    super("Compress", 9, 11, 28);
  }

  @Override
  public ShapeRule shapeRule() {
    return context -> {
      List<Dim> dims = context.dims(0);
      if (!context.node().attributes().containsKey("axis")) {
        return List.of(Dims.tensor(context.dtype(0), Dims.unknown(1)));
      }
      if (dims == null) {
        return List.of(Dims.tensor(context.dtype(0), null));
      }
      List<Dim> result = new ArrayList<>(dims);
      result.set(
          Dims.axis(context, context.node().intAttribute("axis", 0), dims.size()), Dim.UNKNOWN);
      return List.of(Dims.tensor(context.dtype(0), result));
    };
  }

  @Override
  public Optional<Reference> reference() {
    return Optional.of(context -> {
      Tensor x = context.tensor(0);
      Tensor condition = context.tensor(1);
      boolean flat = !context.node().attributes().containsKey("axis");
      Tensor data = flat ? x.reshape(Shape.of(x.size())) : x;
      int axis =
          Axes.normalize(context, context.node().intAttribute("axis", 0), data.shape().rank());
      if (condition.size() > data.shape().dim(axis)) {
        throw context.error("condition " + condition + " is longer than the axis");
      }
      List<Long> kept = new ArrayList<>();
      for (long i = 0; i < condition.size(); i++) {
        if (condition.getLong(i) != 0) {
          kept.add(i);
        }
      }
      long[] indices = kept.stream().mapToLong(Long::longValue).toArray();
      return List.of(Gather.take(context, data, axis, indices));
    });
  }

  @Override
  public Optional<QuantRule> quantRule() {
    return Optional.of(QuantRule.passThrough());
  }
}
