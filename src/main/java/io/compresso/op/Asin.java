package io.compresso.op;

import io.compresso.graph.Node;

/** The arc sine of each element, in radians. */
final class Asin extends ElementwiseUnary {
  Asin() {
    super("Asin", 7, 22);
  }

  @Override
  Function bind(Node node) {
    return Math::asin;
  }
}
