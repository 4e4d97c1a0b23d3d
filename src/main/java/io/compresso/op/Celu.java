package io.compresso.op;

import io.compresso.graph.Node;
import java.util.Optional;

/** {@code max(0, x) + min(0, alpha * (exp(x / alpha) - 1))}. */
final class Celu extends ElementwiseUnary {
  Celu() {
    super("Celu", 12, 28);
  }

  @Override
  Function bind(Node node) {
    float alpha = node.floatAttribute("alpha", 1);
    return x -> Math.max(0, x) + Math.min(0, alpha * Math.expm1(x / alpha));
  }

  @Override
  public Optional<QuantRule> quantRule() {
    return Optional.of(QuantRule.activation());
  }
}
