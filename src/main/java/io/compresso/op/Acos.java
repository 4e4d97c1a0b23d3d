package io.compresso.op;

import io.compresso.graph.Node;

/** The arc cosine of each element, in radians. */
final class Acos extends ElementwiseUnary {
  Acos() {
    super("Acos", 7, 22);
  }

  @Override
  Function bind(Node node) {
    return Math::acos;
  }
}
