package io.compresso.op;

import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The logistic function of a quantized tensor to a quantized result. */
final class QLinearSigmoid extends MicrosoftOperator {
  @Override
  public String opType() {
    return "QLinearSigmoid";
  }

  @Override
  public ShapeRule shapeRule() {
    return context -> List.of(Inferred.of(context.input(0).type()));
  }

  @Override
  public Optional<Reference> reference() {
    return Optional.of(context -> {
      double[] x = QuantizedFunction.reals(context, 0);
      for (int i = 0; i < x.length; i++) {
        x[i] = 1 / (1 + Math.exp(-x[i]));
      }
      return List.of(QuantizedFunction.quantize(context, x, context.tensor(0).shape(), 0, 3));
    });
  }

  @Override
  public @Nullable Lowered lower(LoweringContext context) {
    return Lowerings.table(context, 1, 3, x -> 1 / (1 + Math.exp(-x)));
  }
}
