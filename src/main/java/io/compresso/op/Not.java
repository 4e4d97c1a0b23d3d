package io.compresso.op;

import io.compresso.graph.GraphException;
import io.compresso.graph.Node;
import io.compresso.tensor.DType;

/** The negation of each boolean. */
final class Not extends ElementwiseUnary {
  Not() {
    super("Not", 1);
  }

  @Override
  Function bind(Node node) {
    return new Function() {
      @Override
      public double apply(double x) {
        throw new GraphException(node, "input is not boolean");
      }

      @Override
      public boolean takesIntegers() {
        return true;
      }

      @Override
      public void longs(long[] x, int n, DType dtype) {
        for (int i = 0; i < n; i++) {
          x[i] ^= 1;
        }
      }
    };
  }
}
