package io.compresso.op;

import io.compresso.kernel.UnaryFunction;
import io.compresso.tensor.Tensor;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The tanh approximation of the Gaussian error linear unit, of the input plus a bias. */
final class FastGelu extends MicrosoftOperator {
  @Override
  public String opType() {
    return "FastGelu";
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
    Tensor given = context.tensorOrNull(1);
    double[] bias = given == null ? new double[1] : Reals.doubles(given);
    if (bias.length == 0 || values.length % bias.length != 0) {
      throw context.error("bias of " + bias.length + " elements for input " + x.shape());
    }
    for (int i = 0; i < values.length; i++) {
      values[i] = Gelus.tanh(values[i] + bias[i % bias.length]);
    }
    return Reals.tensor(context, x.dtype(), x.shape(), values);
  }

  @Override
  public @Nullable Lowered lower(LoweringContext context) {
    return context.inputOrNull(1) != null
        ? null
        : Lowerings.unary(context, UnaryFunction.GELU_TANH, 1, 0);
  }
}
