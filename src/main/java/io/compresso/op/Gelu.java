package io.compresso.op;

import io.compresso.graph.GraphException;
import io.compresso.graph.Node;
import io.compresso.kernel.UnaryFunction;
import java.util.Optional;

/** The Gaussian error linear unit: {@code x * Phi(x)}, or its approximation by tanh. */
final class Gelu extends ElementwiseUnary {
  Gelu() {
    super("Gelu", 20);
  }

  @Override
  Function bind(Node node) {
    return switch (node.stringAttribute("approximate", "none")) {
      case "none" -> new Exact();
      case "tanh" -> new ByTanh();
      case String other ->
          throw new GraphException(node, "attribute 'approximate' is '" + other + "'");
    };
  }

  @Override
  public Lowered lower(LoweringContext context) {
    boolean tanh = context.node().stringAttribute("approximate", "none").equals("tanh");
    return Lowerings.unary(context, tanh ? UnaryFunction.GELU_TANH : UnaryFunction.GELU, 1, 0);
  }

  @Override
  public Optional<QuantRule> quantRule() {
    return Optional.of(QuantRule.activation());
  }

  private record Exact() implements Function {
    @Override
    public double apply(double x) {
      return 0.5 * x * (1 + FloatMath.erf(x * Math.sqrt(0.5)));
    }

    @Override
    public void floats(float[] x, int n) {
      FloatMath.gelu(x, n);
    }
  }

  private record ByTanh() implements Function {
    private static final float SCALE = 0.7978845608f;

    @Override
    public double apply(double x) {
      return 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x * x * x)));
    }

    @Override
    public void floats(float[] x, int n) {
      float[] inner = new float[n];
      for (int i = 0; i < n; i++) {
        inner[i] = SCALE * (x[i] + 0.044715f * x[i] * x[i] * x[i]);
      }
      FloatMath.tanh(inner, n);
      for (int i = 0; i < n; i++) {
        x[i] *= 0.5f * (1 + inner[i]);
      }
    }
  }
}
