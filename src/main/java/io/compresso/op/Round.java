package io.compresso.op;

import io.compresso.graph.Node;
import io.compresso.kernel.UnaryFunction;

/** The nearest integer to each element, halves to even. */
final class Round extends ElementwiseUnary {
  Round() {
    super("Round", 11, 22);
  }

  @Override
  Function bind(Node node) {
    return new Function() {
      @Override
      public double apply(double x) {
        return Math.rint(x);
      }

      @Override
      public void floats(float[] x, int n) {
        for (int i = 0; i < n; i++) {
          x[i] = (float) Math.rint(x[i]);
        }
      }
    };
  }

  @Override
  public Lowered lower(LoweringContext context) {
    return Lowerings.unary(context, UnaryFunction.ROUND, 1, 0);
  }
}
