package io.compresso.op;

import io.compresso.graph.Dim;
import io.compresso.graph.Node;
import io.compresso.kernel.BinaryFunction;
import io.compresso.tensor.DType;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** {@code a + b}; integers wrap. */
final class Add extends ElementwiseBinary {
  Add() {
    super("Add", 1, 6, 7, 13, 14);
  }

  @Override
  Function bind(Node node) {
    return new Function() {
      @Override
      public void floats(float[] a, float[] b, int n) {
        for (int i = 0; i < n; i++) {
          a[i] += b[i];
        }
      }

      @Override
      public void doubles(double[] a, double[] b, int n) {
        for (int i = 0; i < n; i++) {
          a[i] += b[i];
        }
      }

      @Override
      public void longs(long[] a, long[] b, int n, DType dtype) {
        for (int i = 0; i < n; i++) {
          a[i] += b[i];
        }
      }
    };
  }

  @Override
  Dim symbolic(Dim a, Dim b) {
    return Dims.plus(a, b);
  }

  @Override
  public @Nullable Lowered lower(LoweringContext context) {
    return context.opset() < 7 ? null : Lowerings.binary(context, BinaryFunction.ADD);
  }

  @Override
  public Optional<QuantRule> quantRule() {
    return Optional.of(QuantRule.activation());
  }
}
