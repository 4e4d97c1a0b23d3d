package io.compresso.op;

import io.compresso.graph.Node;
import io.compresso.kernel.BinaryFunction;
import io.compresso.tensor.DType;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** {@code x} when not negative, else {@code slope * x}; the slope broadcasts to x. */
final class PRelu extends ElementwiseBinary {
  PRelu() {
    super("PRelu", 1, 6, 7, 9, 16);
  }

  @Override
  Function bind(Node node) {
    return new Function() {
      @Override
      public void floats(float[] a, float[] b, int n) {
        for (int i = 0; i < n; i++) {
          a[i] = Math.max(a[i], 0) + b[i] * Math.min(a[i], 0);
        }
      }

      @Override
      public void doubles(double[] a, double[] b, int n) {
        for (int i = 0; i < n; i++) {
          a[i] = Math.max(a[i], 0) + b[i] * Math.min(a[i], 0);
        }
      }

      @Override
      public void longs(long[] a, long[] b, int n, DType dtype) {
        for (int i = 0; i < n; i++) {
          a[i] = dtype.isSigned() && a[i] < 0 ? a[i] * b[i] : a[i];
        }
      }
    };
  }

  @Override
  public @Nullable Lowered lower(LoweringContext context) {
    return context.opset() < 7 ? null : Lowerings.binary(context, BinaryFunction.PRELU);
  }

  @Override
  public Optional<QuantRule> quantRule() {
    return Optional.of(QuantRule.activation());
  }
}
