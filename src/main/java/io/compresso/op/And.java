package io.compresso.op;

import io.compresso.graph.Node;
import io.compresso.tensor.DType;

/** Logical and of booleans. */
final class And extends ElementwiseBinary {
  And() {
    super("And", 1, 7);
  }

  @Override
  Function bind(Node node) {
    return new Function() {
      @Override
      public void longs(long[] a, long[] b, int n, DType dtype) {
        for (int i = 0; i < n; i++) {
          a[i] &= b[i];
        }
      }
    };
  }
}
