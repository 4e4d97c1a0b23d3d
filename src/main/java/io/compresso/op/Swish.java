package io.compresso.op;

import io.compresso.graph.Node;
import java.util.Optional;

/** {@code x * sigmoid(alpha * x)}. */
final class Swish extends ElementwiseUnary {
  Swish() {
    super("Swish", 24);
  }

  @Override
  Function bind(Node node) {
    float alpha = node.floatAttribute("alpha", 1);
    return x -> x / (1 + Math.exp(-alpha * x));
  }

  @Override
  public Optional<QuantRule> quantRule() {
    return Optional.of(QuantRule.activation());
  }
}
