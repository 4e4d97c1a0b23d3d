package io.compresso.op;

import io.compresso.graph.Node;
import io.compresso.kernel.UnaryFunction;
import java.util.Optional;

/** {@code x * max(0, min(1, x / 6 + 0.5))}. */
final class HardSwish extends ElementwiseUnary {
  HardSwish() {
    super("HardSwish", 14, 22);
  }

  @Override
  Function bind(Node node) {
    return new Function() {
      @Override
      public double apply(double x) {
        return x * Math.max(0, Math.min(1, x / 6 + 0.5));
      }

      @Override
      public void floats(float[] x, int n) {
        for (int i = 0; i < n; i++) {
          x[i] = x[i] * Math.max(0, Math.min(1, x[i] * (1 / 6f) + 0.5f));
        }
      }
    };
  }

  @Override
  public Lowered lower(LoweringContext context) {
    return Lowerings.unary(context, UnaryFunction.HARD_SWISH, 1, 0);
  }

  @Override
  public Optional<QuantRule> quantRule() {
    return Optional.of(QuantRule.activation());
  }
}
