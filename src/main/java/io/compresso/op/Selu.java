package io.compresso.op;

import io.compresso.graph.Node;
import java.util.Optional;

/** {@code gamma * x} when positive, else {@code gamma * alpha * (exp(x) - 1)}. */
final class Selu extends ElementwiseUnary {
  Selu() {
    super("Selu", 1, 6, 22);
  }

  @Override
  Function bind(Node node) {
    float alpha = node.floatAttribute("alpha", 1.6732632f);
    float gamma = node.floatAttribute("gamma", 1.050701f);
    return x -> gamma * (x > 0 ? x : alpha * Math.expm1(x));
  }

  @Override
  public Optional<QuantRule> quantRule() {
    return Optional.of(QuantRule.activation());
  }
}
