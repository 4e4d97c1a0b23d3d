package io.compresso.op;

import io.compresso.graph.Node;
import io.compresso.kernel.UnaryFunction;

/** The square root of each element; NaN for a negative one. */
final class Sqrt extends ElementwiseUnary {
  Sqrt() {
    super("Sqrt", 1, 6, 13);
  }

  @Override
  Function bind(Node node) {
    return new Function() {
      @Override
      public double apply(double x) {
        return Math.sqrt(x);
      }

      @Override
      public void floats(float[] x, int n) {
        for (int i = 0; i < n; i++) {
          x[i] = (float) Math.sqrt(x[i]);
        }
      }
    };
  }

  @Override
  public Lowered lower(LoweringContext context) {
    return Lowerings.unary(context, UnaryFunction.SQRT, 1, 0);
  }
}
