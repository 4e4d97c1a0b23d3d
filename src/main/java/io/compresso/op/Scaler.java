package io.compresso.op;

import io.compresso.graph.Attribute;
import io.compresso.tensor.DType;
import io.compresso.tensor.Tensor;
import java.util.List;
import java.util.Optional;

/** {@code (x - offset) * scale}, each one number or one for each feature (the last axis). */
final class Scaler extends MlOperator {
  @Override
  public String opType() {
    return "Scaler";
  }

  @Override
  public ShapeRule shapeRule() {
    return context -> List.of(Inferred.tensor(DType.FLOAT, context.dims(0)));
  }

  @Override
  public Optional<Reference> reference() {
    return Optional.of(context -> {
      Tensor x = context.tensor(0);
      List<Float> offset = floats(context, "offset");
      List<Float> scale = floats(context, "scale");
      long features = x.shape().rank() == 0 ? 1 : x.shape().dim(-1);
      if (wrong(offset, features) || wrong(scale, features)) {
        throw context.error("offset or scale do not fit " + features + " features");
      }
      Tensor y = context.allocate(DType.FLOAT, x.shape());
      for (long i = 0; i < x.size(); i++) {
        float moved = x.getFloat(i) - offset.get((int) (i % offset.size()));
        y.setFloat(i, moved * scale.get((int) (i % scale.size())));
      }
      return List.of(y);
    });
  }

  private static boolean wrong(List<Float> values, long features) {
    return values.size() != 1 && values.size() != features;
  }

  private static List<Float> floats(OpContext context, String name) {
    return context.node().attributes().get(name) instanceof Attribute.Floats(List<Float> values)
        ? values
        : List.of();
  }
}
