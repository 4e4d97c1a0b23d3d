package io.compresso.op;

import io.compresso.graph.Node;

/** The natural logarithm of each element. */
final class Log extends ElementwiseUnary {
  Log() {
    super("Log", 1, 6, 13);
  }

  @Override
  Function bind(Node node) {
    return Math::log;
  }
}
