package io.compresso.op;

import io.compresso.graph.Node;
import io.compresso.kernel.UnaryFunction;

/** The exponential of each element. */
final class Exp extends ElementwiseUnary {
  Exp() {
    super("Exp", 1, 6, 13);
  }

  @Override
  Function bind(Node node) {
    return new Function() {
      @Override
      public double apply(double x) {
        return Math.exp(x);
      }

      @Override
      public void floats(float[] x, int n) {
        FloatMath.exp(x, n);
      }
    };
  }

  @Override
  public Lowered lower(LoweringContext context) {
    return Lowerings.unary(context, UnaryFunction.EXP, 1, 0);
  }
}
