package io.compresso.op;

import io.compresso.graph.Node;
import io.compresso.kernel.UnaryFunction;
import io.compresso.tensor.DType;

/** Each element negated; the smallest integer stays itself. */
final class Neg extends ElementwiseUnary {
  Neg() {
    super("Neg", 1, 6, 13);
  }

  @Override
  Function bind(Node node) {
    return new Function() {
      @Override
      public double apply(double x) {
        return -x;
      }

      @Override
      public void floats(float[] x, int n) {
        for (int i = 0; i < n; i++) {
          x[i] = -x[i];
        }
      }

      @Override
      public boolean takesIntegers() {
        return true;
      }

      @Override
      public void longs(long[] x, int n, DType dtype) {
        for (int i = 0; i < n; i++) {
          x[i] = -x[i];
        }
      }
    };
  }

  @Override
  public Lowered lower(LoweringContext context) {
    return Lowerings.unary(context, UnaryFunction.NEG, 1, 0);
  }
}
