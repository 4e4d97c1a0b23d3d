package io.compresso.op;

import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import java.util.List;
import java.util.Optional;

/** Each sample (the last axis) divided by its largest element, 1-norm or 2-norm. */
final class Normalizer extends MlOperator {
  @Override
  public String opType() {
    return "Normalizer";
  }

  @Override
  public ShapeRule shapeRule() {
    return context -> List.of(Inferred.tensor(DType.FLOAT, context.dims(0)));
  }

  @Override
  public Optional<Reference> reference() {
    return Optional.of(context -> List.of(run(context)));
  }

  private static Tensor run(OpContext context) {
    Tensor x = context.tensor(0);
    Shape shape = x.shape();
    int width = shape.rank() == 0 ? 1 : Math.toIntExact(shape.dim(-1));
    String kind = context.node().stringAttribute("norm", "MAX");
    double[] values = Reals.doubles(x);
    for (int from = 0; from < values.length; from += width) {
      double norm = kind.equals("MAX") ? Double.NEGATIVE_INFINITY : 0;
      for (int i = from; i < from + width; i++) {
        norm =
            switch (kind) {
              case "MAX" -> values[i] > norm ? values[i] : norm;
              case "L1" -> norm + Math.abs(values[i]);
              case "L2" -> norm + values[i] * values[i];
              default -> throw context.error("norm '" + kind + "' is not known");
            };
      }
      norm = kind.equals("L2") ? Math.sqrt(norm) : norm;
      for (int i = from; i < from + width && norm != 0; i++) {
        values[i] /= norm;
      }
    }
    return Reals.tensor(context, DType.FLOAT, shape, values);
  }
}
