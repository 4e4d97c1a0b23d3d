package io.compresso.op;

import io.compresso.graph.Node;
import io.compresso.tensor.DType;

/**
 * Soft or hard shrinkage: elements within {@code lambd} of 0 become 0, others move by {@code bias}
 * towards it.
 */
final class Shrink extends ElementwiseUnary {
  Shrink() {
    super("Shrink", 9);
  }

  @Override
  Function bind(Node node) {
    float bias = node.floatAttribute("bias", 0);
    float lambd = node.floatAttribute("lambd", 0.5f);
    return new Function() {
      @Override
      public double apply(double x) {
        return x < -lambd ? x + bias : x > lambd ? x - bias : 0;
      }

      @Override
      public boolean takesIntegers() {
        return true;
      }

      @Override
      public void longs(long[] x, int n, DType dtype) {
        for (int i = 0; i < n; i++) {
          x[i] = (long) apply(x[i]);
        }
      }
    };
  }
}
