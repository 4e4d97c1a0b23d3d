package io.compresso.op;

import io.compresso.graph.Node;
import io.compresso.kernel.UnaryFunction;
import io.compresso.tensor.DType;
import java.util.Optional;

/** {@code max(0, x)}; NaN stays NaN. */
final class Relu extends ElementwiseUnary {
  Relu() {
    super("Relu", 1, 6, 13, 14);
  }

  @Override
  Function bind(Node node) {
    return new Function() {
      @Override
      public double apply(double x) {
        return Math.max(x, 0);
      }

      @Override
      public void floats(float[] x, int n) {
        for (int i = 0; i < n; i++) {
          x[i] = Math.max(x[i], 0);
        }
      }

      @Override
      public boolean takesIntegers() {
        return true;
      }

      @Override
      public void longs(long[] x, int n, DType dtype) {
        for (int i = 0; i < n; i++) {
          x[i] = Math.max(x[i], 0);
        }
      }
    };
  }

  @Override
  public Lowered lower(LoweringContext context) {
    return Lowerings.unary(context, UnaryFunction.RELU, 1, 0);
  }

  @Override
  public Optional<QuantRule> quantRule() {
    return Optional.of(QuantRule.activation());
  }
}
