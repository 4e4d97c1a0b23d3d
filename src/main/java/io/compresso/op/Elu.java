package io.compresso.op;

import io.compresso.graph.Node;
import io.compresso.kernel.UnaryFunction;
import java.util.Optional;

/** {@code x} when not negative, else {@code alpha * (exp(x) - 1)}. */
final class Elu extends ElementwiseUnary {
  Elu() {
    super("Elu", 1, 6, 22);
  }

  @Override
  Function bind(Node node) {
    float alpha = node.floatAttribute("alpha", 1);
    return x -> x < 0 ? alpha * Math.expm1(x) : x;
  }

  @Override
  public Lowered lower(LoweringContext context) {
    return Lowerings.unary(
        context, UnaryFunction.ELU, context.node().floatAttribute("alpha", 1), 0);
  }

  @Override
  public Optional<QuantRule> quantRule() {
    return Optional.of(QuantRule.activation());
  }
}
