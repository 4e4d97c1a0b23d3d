package io.compresso.op;

import io.compresso.graph.Node;
import io.compresso.kernel.UnaryFunction;
import java.util.Optional;

/** {@code x} when not negative, else {@code alpha * x}. */
final class LeakyRelu extends ElementwiseUnary {
  LeakyRelu() {
    super("LeakyRelu", 1, 6, 16);
  }

  @Override
  Function bind(Node node) {
    float alpha = node.floatAttribute("alpha", 0.01f);
    return new Function() {
      @Override
      public double apply(double x) {
        return x < 0 ? alpha * x : x;
      }

      @Override
      public void floats(float[] x, int n) {
        for (int i = 0; i < n; i++) {
          x[i] = Math.max(x[i], 0) + alpha * Math.min(x[i], 0);
        }
      }
    };
  }

  @Override
  public Lowered lower(LoweringContext context) {
    return Lowerings.unary(
        context, UnaryFunction.LEAKY_RELU, context.node().floatAttribute("alpha", 0.01f), 0);
  }

  @Override
  public Optional<QuantRule> quantRule() {
    return Optional.of(QuantRule.activation());
  }
}
