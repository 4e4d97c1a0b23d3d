package io.compresso.op;

import io.compresso.graph.GraphException;
import io.compresso.graph.Node;
import java.util.Optional;

/** The Gaussian error linear unit: {@code x * Phi(x)}, or its approximation by tanh. */
final class Gelu extends ElementwiseUnary {
  Gelu() {
    super("Gelu", 20);
  }

  @Override
  Function bind(Node node) {
    return switch (node.stringAttribute("approximate", "none")) {
      case "none" -> x -> 0.5 * x * (1 + FloatMath.erf(x * Math.sqrt(0.5)));
      case "tanh" ->
          x -> 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x * x * x)));
      case String other ->
          throw new GraphException(node, "attribute 'approximate' is '" + other + "'");
    };
  }

  @Override
  public Optional<QuantRule> quantRule() {
    return Optional.of(QuantRule.activation());
  }
}
