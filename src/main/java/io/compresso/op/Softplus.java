package io.compresso.op;

import io.compresso.graph.Node;
import io.compresso.kernel.UnaryFunction;
import java.util.Optional;

/** {@code ln(exp(x) + 1)}. */
final class Softplus extends ElementwiseUnary {
  Softplus() {
    super("Softplus", 1, 22);
  }

  @Override
  Function bind(Node node) {
    return Softplus::of;
  }

  static double of(double x) {
    return x > 0 ? x + Math.log1p(Math.exp(-x)) : Math.log1p(Math.exp(x));
  }

  @Override
  public Lowered lower(LoweringContext context) {
    return Lowerings.unary(context, UnaryFunction.SOFTPLUS, 1, 0);
  }

  @Override
  public Optional<QuantRule> quantRule() {
    return Optional.of(QuantRule.activation());
  }
}
