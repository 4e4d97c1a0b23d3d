package io.compresso.op;

import io.compresso.graph.Node;
import io.compresso.tensor.DType;

/** Bitwise exclusive or of integers. */
final class BitwiseXor extends ElementwiseBinary {
  BitwiseXor() {
    super("BitwiseXor", 18);
  }

  @Override
  Function bind(Node node) {
    return new Function() {
      @Override
      public void longs(long[] a, long[] b, int n, DType dtype) {
        for (int i = 0; i < n; i++) {
          a[i] ^= b[i];
        }
      }
    };
  }
}
