package io.compresso.op;

import io.compresso.graph.Node;
import io.compresso.tensor.DType;

/**
 * The remainder of a division: with {@code fmod} that of C, with the sign of the dividend, else
 * that of Python, with the sign of the divisor.
 */
final class Mod extends ElementwiseBinary {
  Mod() {
    super("Mod", 10, 13, 28);
  }

  @Override
  Function bind(Node node) {
    boolean fmod = node.intAttribute("fmod", 0) != 0;
    return new Function() {
      @Override
      public void floats(float[] a, float[] b, int n) {
        for (int i = 0; i < n; i++) {
          a[i] = fmod ? a[i] % b[i] : (float) floorMod(a[i], b[i]);
        }
      }

      @Override
      public void doubles(double[] a, double[] b, int n) {
        for (int i = 0; i < n; i++) {
          a[i] = fmod ? a[i] % b[i] : floorMod(a[i], b[i]);
        }
      }

      @Override
      public void longs(long[] a, long[] b, int n, DType dtype) {
        for (int i = 0; i < n; i++) {
          a[i] =
              dtype == DType.UINT64
                  ? Long.remainderUnsigned(a[i], b[i])
                  : fmod ? a[i] % b[i] : Math.floorMod(a[i], b[i]);
        }
      }
    };
  }

  private static double floorMod(double a, double b) {
    double remainder = a % b;
    return remainder != 0 && remainder < 0 != b < 0 ? remainder + b : remainder;
  }
}
