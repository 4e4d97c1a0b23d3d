package io.compresso.op;

import io.compresso.graph.Node;

/** The tangent of each element, in radians. */
final class Tan extends ElementwiseUnary {
  Tan() {
    super("Tan", 7, 22);
  }

  @Override
  Function bind(Node node) {
    return Math::tan;
  }
}
