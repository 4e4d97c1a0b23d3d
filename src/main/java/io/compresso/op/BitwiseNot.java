package io.compresso.op;

import io.compresso.graph.GraphException;
import io.compresso.graph.Node;
import io.compresso.tensor.DType;

/** The complement of each integer. */
final class BitwiseNot extends ElementwiseUnary {
  BitwiseNot() {
    super("BitwiseNot", 18);
  }

  @Override
  Function bind(Node node) {
    return new Function() {
      @Override
      public double apply(double x) {
        throw new GraphException(node, "input is not of an integer type");
      }

      @Override
      public boolean takesIntegers() {
        return true;
      }

      @Override
      public void longs(long[] x, int n, DType dtype) {
        for (int i = 0; i < n; i++) {
          x[i] = ~x[i];
        }
      }
    };
  }
}
