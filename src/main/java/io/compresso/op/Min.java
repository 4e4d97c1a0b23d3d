package io.compresso.op;

import io.compresso.graph.Node;
import io.compresso.kernel.BinaryFunction;
import io.compresso.tensor.DType;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The smallest of the inputs, element by element; NaN where one is NaN. */
final class Min extends ElementwiseVariadic {
  Min() {
    super("Min", 1, 6, 8, 12, 13);
  }

  @Override
  ElementwiseBinary.Function bind(Node node) {
    return new ElementwiseBinary.Function() {
      @Override
      public void floats(float[] a, float[] b, int n) {
        for (int i = 0; i < n; i++) {
          a[i] = Math.min(a[i], b[i]);
        }
      }

      @Override
      public void doubles(double[] a, double[] b, int n) {
        for (int i = 0; i < n; i++) {
          a[i] = Math.min(a[i], b[i]);
        }
      }

      @Override
      public void longs(long[] a, long[] b, int n, DType dtype) {
        for (int i = 0; i < n; i++) {
          a[i] =
              dtype == DType.UINT64
                  ? (Long.compareUnsigned(a[i], b[i]) <= 0 ? a[i] : b[i])
                  : Math.min(a[i], b[i]);
        }
      }
    };
  }

  @Override
  public @Nullable Lowered lower(LoweringContext context) {
    return context.opset() < 8 ? null : Lowerings.fold(context, BinaryFunction.MIN);
  }

  @Override
  public Optional<QuantRule> quantRule() {
    return Optional.of(QuantRule.activation());
  }
}
