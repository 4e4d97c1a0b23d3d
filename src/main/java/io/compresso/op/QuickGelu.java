package io.compresso.op;

import io.compresso.kernel.UnaryFunction;
import io.compresso.tensor.Tensor;
import java.util.List;
import java.util.Optional;

/** {@code x * sigmoid(alpha * x)}. */
final class QuickGelu extends MicrosoftOperator {
  @Override
  public String opType() {
    return "QuickGelu";
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
    double alpha = context.node().floatAttribute("alpha", 1.702f);
    for (int i = 0; i < values.length; i++) {
      values[i] /= 1 + Math.exp(-alpha * values[i]);
    }
    return Reals.tensor(context, x.dtype(), x.shape(), values);
  }

  @Override
  public Lowered lower(LoweringContext context) {
    return Lowerings.unary(
        context, UnaryFunction.SWISH, context.node().floatAttribute("alpha", 1.702f), 0);
  }
}
