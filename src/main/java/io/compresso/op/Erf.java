package io.compresso.op;

import io.compresso.graph.Node;
import io.compresso.kernel.UnaryFunction;

/** The error function of each element. */
final class Erf extends ElementwiseUnary {
  Erf() {
    super("Erf", 9, 13);
  }

  @Override
  Function bind(Node node) {
    return new Function() {
      @Override
      public double apply(double x) {
        return FloatMath.erf(x);
      }

      @Override
      public void floats(float[] x, int n) {
        FloatMath.erf(x, n);
      }
    };
  }

  @Override
  public Lowered lower(LoweringContext context) {
    return Lowerings.unary(context, UnaryFunction.ERF, 1, 0);
  }
}
