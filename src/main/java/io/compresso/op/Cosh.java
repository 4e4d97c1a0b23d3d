package io.compresso.op;

import io.compresso.graph.Node;

/** The hyperbolic cosine of each element. */
final class Cosh extends ElementwiseUnary {
  Cosh() {
    super("Cosh", 9, 22);
  }

  @Override
  Function bind(Node node) {
    return Math::cosh;
  }
}
