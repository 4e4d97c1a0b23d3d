package io.compresso.op;

import io.compresso.kernel.UnaryFunction;
import io.compresso.tensor.Tensor;
import java.util.List;
import java.util.Optional;

/** The exact Gaussian error linear unit. */
final class MicrosoftGelu extends MicrosoftOperator {
  @Override
  public String opType() {
    return "Gelu";
  }

  @Override
  public ShapeRule shapeRule() {
    return context -> List.of(Inferred.of(context.input(0).type()));
  }

  @Override
  public Optional<Reference> reference() {
    return Optional.of(context -> List.of(run(context)));
  }

  private static Tensor run(OpContext context) {
    Tensor x = context.tensor(0);
    double[] values = Reals.doubles(x);
    for (int i = 0; i < values.length; i++) {
      values[i] = Gelus.exact(values[i]);
    }
    return Reals.tensor(context, x.dtype(), x.shape(), values);
  }

  @Override
  public Lowered lower(LoweringContext context) {
    return Lowerings.unary(context, UnaryFunction.GELU, 1, 0);
  }
}
