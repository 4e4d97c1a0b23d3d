package io.compresso.op;

import io.compresso.graph.Node;

/** The cosine of each element, in radians. */
final class Cos extends ElementwiseUnary {
  Cos() {
    super("Cos", 7, 22);
  }

  @Override
  Function bind(Node node) {
    return Math::cos;
  }
}
