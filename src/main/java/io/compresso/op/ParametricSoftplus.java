package io.compresso.op;

import io.compresso.graph.Node;

/**
 * {@code alpha * log(1 + exp(beta * x))}; experimental in ONNX, kept by ONNX Runtime up to operator
 * set 9.
 */
final class ParametricSoftplus extends ElementwiseUnary {
  ParametricSoftplus() {
    super("ParametricSoftplus", 1);
  }

  @Override
  Function bind(Node node) {
    float alpha = node.floatAttribute("alpha", 1);
    float beta = node.floatAttribute("beta", 1);
    return x -> alpha * Softplus.of(beta * x);
  }
}
