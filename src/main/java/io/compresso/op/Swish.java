package io.compresso.op;

import io.compresso.graph.Node;
import io.compresso.kernel.UnaryFunction;
import java.util.Optional;

/** {@code x * sigmoid(alpha * x)}. */
final class Swish extends ElementwiseUnary {
  Swish() {
    super("Swish", 24);
  }

  @Override
  Function bind(Node node) {
    float alpha = node.floatAttribute("alpha", 1);
    return new Function() {
      @Override
      public double apply(double x) {
        return x / (1 + Math.exp(-alpha * x));
      }

      @Override
      public void floats(float[] x, int n) {
        float[] gate = new float[n];
        for (int i = 0; i < n; i++) {
          gate[i] = alpha * x[i];
        }
        FloatMath.sigmoid(gate, n);
        for (int i = 0; i < n; i++) {
          x[i] *= gate[i];
        }
      }
    };
  }

  @Override
  public Lowered lower(LoweringContext context) {
    return Lowerings.unary(
        context, UnaryFunction.SWISH, context.node().floatAttribute("alpha", 1), 0);
  }

  @Override
  public Optional<QuantRule> quantRule() {
    return Optional.of(QuantRule.activation());
  }
}
