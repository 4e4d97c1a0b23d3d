package io.compresso.op;

import io.compresso.graph.Node;
import java.util.Optional;

/** {@code x} when above {@code alpha}, else 0. */
final class ThresholdedRelu extends ElementwiseUnary {
  ThresholdedRelu() {
    super("ThresholdedRelu", 10, 22);
  }

  @Override
  Function bind(Node node) {
    float alpha = node.floatAttribute("alpha", 1);
    return x -> x > alpha ? x : 0;
  }

  @Override
  public Optional<QuantRule> quantRule() {
    return Optional.of(QuantRule.activation());
  }
}
