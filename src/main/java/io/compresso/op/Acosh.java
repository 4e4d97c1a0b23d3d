package io.compresso.op;

import io.compresso.graph.Node;

/** The inverse hyperbolic cosine of each element. */
final class Acosh extends ElementwiseUnary {
  Acosh() {
    super("Acosh", 9, 22);
  }

  @Override
  Function bind(Node node) {
    return x -> Math.log(x + Math.sqrt(x * x - 1));
  }
}
