package io.compresso.op;

import io.compresso.graph.Node;
import io.compresso.kernel.UnaryFunction;

/** The natural logarithm of each element. */
final class Log extends ElementwiseUnary {
  Log() {
    super("Log", 1, 6, 13);
  }

  @Override
  Function bind(Node node) {
    return Math::log;
  }

  @Override
  public Lowered lower(LoweringContext context) {
    return Lowerings.unary(context, UnaryFunction.LOG, 1, 0);
  }
}
