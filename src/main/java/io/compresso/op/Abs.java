package io.compresso.op;

import io.compresso.graph.Node;
import io.compresso.kernel.UnaryFunction;
import io.compresso.tensor.DType;

/** The absolute value of each element. */
final class Abs extends ElementwiseUnary {
  Abs() {
    super("Abs", 1, 6, 13);
  }

  @Override
  Function bind(Node node) {
    return new Function() {
      @Override
      public double apply(double x) {
        return Math.abs(x);
      }

      @Override
      public void floats(float[] x, int n) {
        for (int i = 0; i < n; i++) {
          x[i] = Math.abs(x[i]);
        }
      }

      @Override
      public boolean takesIntegers() {
        return true;
      }

      @Override
      public void longs(long[] x, int n, DType dtype) {
        for (int i = 0; i < n; i++) {
          x[i] = dtype == DType.UINT64 ? x[i] : Math.abs(x[i]);
        }
      }
    };
  }

  @Override
  public Lowered lower(LoweringContext context) {
    return Lowerings.unary(context, UnaryFunction.ABS, 1, 0);
  }
}
