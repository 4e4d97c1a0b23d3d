package io.compresso.op;

import io.compresso.kernel.BinaryFunction;
import org.jspecify.annotations.Nullable;

/** {@code a == b}, of numbers, booleans or strings; false where one is NaN. */
final class Equal extends Comparison {
  Equal() {
    super("Equal", 1, 7, 11, 13, 19);
  }

  @Override
  void doubles(double[] a, double[] b, byte[] y, int n) {
    for (int i = 0; i < n; i++) {
      y[i] = (byte) (a[i] == b[i] ? 1 : 0);
    }
  }

  @Override
  void longs(long[] a, long[] b, byte[] y, int n) {
    for (int i = 0; i < n; i++) {
      y[i] = (byte) (a[i] == b[i] ? 1 : 0);
    }
  }

  @Override
  public @Nullable Lowered lower(LoweringContext context) {
    return context.opset() < 7 ? null : Lowerings.binary(context, BinaryFunction.EQUAL);
  }
}
