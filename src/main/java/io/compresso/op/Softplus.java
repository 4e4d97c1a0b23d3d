package io.compresso.op;

import io.compresso.graph.Node;
import java.util.Optional;

/** {@code ln(exp(x) + 1)}. */
final class Softplus extends ElementwiseUnary {
  Softplus() {
    super("Softplus", 1, 22);
  }

  @Override
  Function bind(Node node) {
    return x -> x > 0 ? x + Math.log1p(Math.exp(-x)) : Math.log1p(Math.exp(x));
  }

  @Override
  public Optional<QuantRule> quantRule() {
    return Optional.of(QuantRule.activation());
  }
}
