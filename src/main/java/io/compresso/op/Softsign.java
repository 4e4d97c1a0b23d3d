package io.compresso.op;

import io.compresso.graph.Node;
import io.compresso.kernel.UnaryFunction;
import java.util.Optional;

/** {@code x / (1 + |x|)}. */
final class Softsign extends ElementwiseUnary {
  Softsign() {
    super("Softsign", 1, 22);
  }

  @Override
  Function bind(Node node) {
    return new Function() {
      @Override
      public double apply(double x) {
        return x / (1 + Math.abs(x));
      }

      @Override
      public void floats(float[] x, int n) {
        for (int i = 0; i < n; i++) {
          x[i] = x[i] / (1 + Math.abs(x[i]));
        }
      }
    };
  }

  @Override
  public Lowered lower(LoweringContext context) {
    return Lowerings.unary(context, UnaryFunction.SOFTSIGN, 1, 0);
  }

  @Override
  public Optional<QuantRule> quantRule() {
    return Optional.of(QuantRule.activation());
  }
}
