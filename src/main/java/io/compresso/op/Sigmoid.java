package io.compresso.op;

import io.compresso.graph.Node;
import io.compresso.kernel.UnaryFunction;
import java.util.Optional;

/** {@code 1 / (1 + exp(-x))}. */
final class Sigmoid extends ElementwiseUnary {
  Sigmoid() {
    super("Sigmoid", 1, 6, 13);
  }

  @Override
  Function bind(Node node) {
    return new Function() {
      @Override
      public double apply(double x) {
        return 1 / (1 + Math.exp(-x));
      }

      @Override
      public void floats(float[] x, int n) {
        FloatMath.sigmoid(x, n);
      }
    };
  }

  @Override
  public Lowered lower(LoweringContext context) {
    return Lowerings.unary(context, UnaryFunction.SIGMOID, 1, 0);
  }

  @Override
  public Optional<QuantRule> quantRule() {
    return Optional.of(QuantRule.activation());
  }
}
