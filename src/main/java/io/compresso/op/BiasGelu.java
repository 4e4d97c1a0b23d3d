package io.compresso.op;

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
    double[] bias = Reals.doubles(context.tensor(1));
    if (bias.length == 0 || values.length % bias.length != 0) {
      throw context.error("bias of " + bias.length + " elements for input " + x.shape());
    }
    for (int i = 0; i < values.length; i++) {
      values[i] = Gelus.exact(values[i] + bias[i % bias.length]);
    }
    return Reals.tensor(context, x.dtype(), x.shape(), values);
  }
}
