package io.compresso.op;

import io.compresso.graph.Node;
import io.compresso.tensor.DType;

/** -1, 0 or 1 by the sign of each element. */
final class Sign extends ElementwiseUnary {
  Sign() {
    super("Sign", 9, 13);
  }

  @Override
  Function bind(Node node) {
    return new Function() {
      @Override
      public double apply(double x) {
        return Math.signum(x);
      }

      @Override
      public void floats(float[] x, int n) {
        for (int i = 0; i < n; i++) {
          x[i] = Math.signum(x[i]);
        }
      }

      @Override
      public boolean takesIntegers() {
        return true;
      }

      @Override
      public void longs(long[] x, int n, DType dtype) {
        for (int i = 0; i < n; i++) {
          x[i] = dtype == DType.UINT64 ? (x[i] == 0 ? 0 : 1) : Long.signum(x[i]);
        }
      }
    };
  }
}
