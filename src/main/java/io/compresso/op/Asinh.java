package io.compresso.op;

import io.compresso.graph.Node;

/** The inverse hyperbolic sine of each element. */
final class Asinh extends ElementwiseUnary {
  Asinh() {
    super("Asinh", 9, 22);
  }

  @Override
  Function bind(Node node) {
    return x -> Math.copySign(Math.log(Math.abs(x) + Math.sqrt(x * x + 1)), x);
  }
}
