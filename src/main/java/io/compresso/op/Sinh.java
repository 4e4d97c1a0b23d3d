package io.compresso.op;

import io.compresso.graph.Node;

/** The hyperbolic sine of each element. */
final class Sinh extends ElementwiseUnary {
  Sinh() {
    super("Sinh", 9, 22);
  }

  @Override
  Function bind(Node node) {
    return Math::sinh;
  }
}
