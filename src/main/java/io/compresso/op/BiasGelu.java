package io.compresso.op;

import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import java.util.List;
import java.util.Optional;

/** The exact Gaussian error linear unit of the input plus a bias. */
final class BiasGelu extends MicrosoftOperator {
  @Override
  public String opType() {
    return "BiasGelu";
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
    Shape added = context.tensor(1).shape();
    if (x.shape().rank() == 0 || !added.equals(Shape.of(x.shape().dim(-1)))) {
      throw context.error("bias " + added + " for input " + x.shape());
    }
    double[] bias = Reals.doubles(context.tensor(1));
    for (int i = 0; i < values.length; i++) {
      values[i] = Gelus.exact(values[i] + bias[i % bias.length]);
    }
    return Reals.tensor(context, x.dtype(), x.shape(), values);
  }
}
