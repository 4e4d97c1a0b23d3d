package io.compresso.op;

import io.compresso.graph.Node;
import io.compresso.kernel.UnaryFunction;

/** The largest integer not above each element. */
final class Floor extends ElementwiseUnary {
  Floor() {
    super("Floor", 1, 6, 13);
  }

  @Override
  Function bind(Node node) {
    return new Function() {
      @Override
      public double apply(double x) {
        return Math.floor(x);
      }

      @Override
      public void floats(float[] x, int n) {
        for (int i = 0; i < n; i++) {
          x[i] = (float) Math.floor(x[i]);
        }
      }
    };
  }

  @Override
  public Lowered lower(LoweringContext context) {
    return Lowerings.unary(context, UnaryFunction.FLOOR, 1, 0);
  }
}
