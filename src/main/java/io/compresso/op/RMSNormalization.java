package io.compresso.op;

import io.compresso.kernel.NormProblem;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The axes from {@code axis} on divided by their root mean square. */
final class RMSNormalization implements Operator {
  @Override
  public String opType() {
    return "RMSNormalization";
  }

  @Override
  public List<Integer> versions() {
    return List.of(23);
  }

  @Override
  public ShapeRule shapeRule() {
    return context -> List.of(Inferred.of(context.input(0).type()));
  }

  @Override
  public Optional<Reference> reference() {
    return Optional.of(context -> List.of(run(context)));
  }

  @Override
  public @Nullable Lowered lower(LoweringContext context) {
    Shape shape = context.input(0).shape();
    int axis = shape.normalizeAxis(context.node().intAttribute("axis", -1));
    return LayerNormalization.normalization(
        context,
        NormProblem.Kind.RMS,
        shape.size(0, axis),
        shape.size(axis, shape.rank()),
        new LayerNormalization.Parameters(1, -1, -1, 1e-5f));
  }

  @Override
  public Optional<QuantRule> quantRule() {
    return Optional.of(QuantRule.activation());
  }

  private static Tensor run(OpContext context) {
    Tensor x = context.tensor(0);
    Shape shape = x.shape();
    int axis = LayerNormalization.axis(context, shape);
    int length = Math.toIntExact(shape.size(axis, shape.rank()));
    double[] scale = LayerNormalization.repeated(context, context.tensor(1), shape, axis);
    double epsilon = context.node().floatAttribute("epsilon", 1e-5f);
    double[] values = Reals.doubles(x);
    normalize(values, length, scale, epsilon);
    return Reals.tensor(context, context.tensor(1).dtype(), shape, values);
  }

  /**
   * Divides each row of {@code length} by its root mean square, in place.
   *
   * @param scale element {@code i} is multiplied by {@code scale[i % scale.length]}
   * @return the inverse of each row's root mean square
   */
  static double[] normalize(double[] values, int length, double[] scale, double epsilon) {
    double[] inverse = new double[length == 0 ? 0 : values.length / length];
    for (int row = 0; row < inverse.length; row++) {
      int from = row * length;
      double squares = 0;
      for (int i = from; i < from + length; i++) {
        squares += values[i] * values[i];
      }
      inverse[row] = 1 / Math.sqrt(squares / length + epsilon);
      for (int i = from; i < from + length; i++) {
        values[i] = values[i] * inverse[row] * scale[i % scale.length];
      }
    }
    return inverse;
  }
}
