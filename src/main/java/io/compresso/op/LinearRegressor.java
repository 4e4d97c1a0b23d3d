package io.compresso.op;

import io.compresso.graph.Attribute;
import io.compresso.graph.Dim;
import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import java.util.List;
import java.util.Optional;

/** Linear regression of samples {@code [N, C]} to targets {@code [N, T]}. */
final class LinearRegressor extends MlOperator {
  @Override
  public String opType() {
    return "LinearRegressor";
  }

  @Override
  public ShapeRule shapeRule() {
    return context -> {
      List<Dim> x = context.dims(0);
      Dim batch = x == null || x.size() != 2 ? Dim.UNKNOWN : x.getFirst();
      return List.of(
          Inferred.tensor(
              DType.FLOAT,
              List.of(batch, Dim.of(Math.max(0, context.node().intAttribute("targets", 1))))));
    };
  }

  @Override
  public Optional<Reference> reference() {
    return Optional.of(context -> List.of(run(context)));
  }

  private static Tensor run(OpContext context) {
    Tensor x = context.tensor(0);
    int targets = Math.toIntExact(context.node().intAttribute("targets", 1));
    List<Float> weights = floats(context, "coefficients");
    List<Float> biases = floats(context, "intercepts");
    int width = x.shape().rank() == 0 ? 1 : Math.toIntExact(x.shape().dim(-1));
    if (targets < 1
        || weights.size() != (long) targets * width
        || !biases.isEmpty() && biases.size() != targets) {
      throw context.error(
          "%d coefficients for %d targets of %d features"
              .formatted(weights.size(), targets, width));
    }
    PostTransform transform = PostTransform.of(context.node());
    int rows = width == 0 ? 0 : Math.toIntExact(x.size() / width);
    Tensor y = context.allocate(DType.FLOAT, Shape.of(rows, targets));
    for (int row = 0; row < rows; row++) {
      double[] scores = new double[targets];
      for (int t = 0; t < targets; t++) {
        double sum = biases.isEmpty() ? 0 : biases.get(t);
        for (int i = 0; i < width; i++) {
          sum += x.getDouble((long) row * width + i) * weights.get(t * width + i);
        }
        scores[t] = sum;
      }
      transform.apply(scores);
      for (int t = 0; t < targets; t++) {
        y.setDouble((long) row * targets + t, scores[t]);
      }
    }
    return y;
  }

  private static List<Float> floats(OpContext context, String name) {
    return context.node().attributes().get(name) instanceof Attribute.Floats(List<Float> values)
        ? values
        : List.of();
  }
}
