package io.compresso.op;

import io.compresso.graph.Node;

/** The arc tangent of each element, in radians. */
final class Atan extends ElementwiseUnary {
  Atan() {
    super("Atan", 7, 22);
  }

  @Override
  Function bind(Node node) {
    return Math::atan;
  }
}
