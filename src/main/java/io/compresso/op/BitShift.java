package io.compresso.op;

import io.compresso.graph.GraphException;
import io.compresso.graph.Node;
import io.compresso.tensor.DType;

/** Shifts the bits of unsigned integers; a shift of the whole width or more gives 0. */
final class BitShift extends ElementwiseBinary {
  BitShift() {
    super("BitShift", 11, 28);
  }

  @Override
  Function bind(Node node) {
    boolean left =
        switch (node.stringAttribute("direction", "")) {
          case "LEFT" -> true;
          case "RIGHT" -> false;
          case String other ->
              throw new GraphException(node, "attribute 'direction' is '" + other + "'");
        };
    return new Function() {
      @Override
      public void longs(long[] a, long[] b, int n, DType dtype) {
        for (int i = 0; i < n; i++) {
          boolean all = b[i] < 0 || b[i] >= dtype.bits();
          a[i] = all ? 0 : left ? a[i] << b[i] : a[i] >>> b[i];
        }
      }
    };
  }
}
