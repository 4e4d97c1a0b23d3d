package io.compresso.op;

import io.compresso.graph.Node;

/** The inverse hyperbolic tangent of each element. */
final class Atanh extends ElementwiseUnary {
  Atanh() {
    super("Atanh", 9, 22);
  }

  @Override
  Function bind(Node node) {
    return x -> 0.5 * (Math.log1p(x) - Math.log1p(-x));
  }
}
