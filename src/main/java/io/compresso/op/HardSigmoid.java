package io.compresso.op;

import io.compresso.graph.Node;
import io.compresso.kernel.UnaryFunction;
import java.util.Optional;

/** {@code max(0, min(1, alpha * x + beta))}. */
final class HardSigmoid extends ElementwiseUnary {
  HardSigmoid() {
    super("HardSigmoid", 1, 6, 22);
  }

  @Override
  Function bind(Node node) {
    float alpha = node.floatAttribute("alpha", 0.2f);
    float beta = node.floatAttribute("beta", 0.5f);
    return new Function() {
      @Override
      public double apply(double x) {
        return Math.max(0, Math.min(1, alpha * x + beta));
      }

      @Override
      public void floats(float[] x, int n) {
        for (int i = 0; i < n; i++) {
          x[i] = Math.max(0, Math.min(1, alpha * x[i] + beta));
        }
      }
    };
  }

  @Override
  public Lowered lower(LoweringContext context) {
    return Lowerings.unary(
        context,
        UnaryFunction.HARD_SIGMOID,
        context.node().floatAttribute("alpha", 0.2f),
        context.node().floatAttribute("beta", 0.5f));
  }

  @Override
  public Optional<QuantRule> quantRule() {
    return Optional.of(QuantRule.activation());
  }
}
