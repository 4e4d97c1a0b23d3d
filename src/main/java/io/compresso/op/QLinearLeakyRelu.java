package io.compresso.op;

import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The leaky rectifier of a quantized tensor to a quantized result. */
final class QLinearLeakyRelu extends MicrosoftOperator {
  @Override
  public String opType() {
    return "QLinearLeakyRelu";
  }

  @Override
  public ShapeRule shapeRule() {
    return context -> List.of(Inferred.of(context.input(0).type()));
  }

  @Override
  public Optional<Reference> reference() {
    return Optional.of(context -> {
      double[] x = QuantizedFunction.reals(context, 0);
      double alpha = context.node().floatAttribute("alpha", 0.01f);
      for (int i = 0; i < x.length; i++) {
        x[i] = x[i] >= 0 ? x[i] : alpha * x[i];
      }
      return List.of(QuantizedFunction.quantize(context, x, context.tensor(0).shape(), 0, 3));
    });
  }

  @Override
  public @Nullable Lowered lower(LoweringContext context) {
    double alpha = context.node().floatAttribute("alpha", 0.01f);
    return Lowerings.table(context, 1, 3, x -> x >= 0 ? x : alpha * x);
  }
}
