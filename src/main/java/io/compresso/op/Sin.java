package io.compresso.op;

import io.compresso.graph.Node;

/** The sine of each element, in radians. */
final class Sin extends ElementwiseUnary {
  Sin() {
    super("Sin", 7, 22);
  }

  @Override
  Function bind(Node node) {
    return Math::sin;
  }
}
