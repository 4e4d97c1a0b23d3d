package io.compresso.op;

import io.compresso.graph.Node;
import io.compresso.kernel.UnaryFunction;
import java.util.Optional;

/** The hyperbolic tangent of each element. */
final class Tanh extends ElementwiseUnary {
  Tanh() {
    super("Tanh", 1, 6, 13);
  }

  @Override
  Function bind(Node node) {
    return new Function() {
      @Override
      public double apply(double x) {
        return Math.tanh(x);
      }

      @Override
      public void floats(float[] x, int n) {
        FloatMath.tanh(x, n);
      }
    };
  }

  @Override
  public Lowered lower(LoweringContext context) {
    return Lowerings.unary(context, UnaryFunction.TANH, 1, 0);
  }

  @Override
  public Optional<QuantRule> quantRule() {
    return Optional.of(QuantRule.activation());
  }
}
