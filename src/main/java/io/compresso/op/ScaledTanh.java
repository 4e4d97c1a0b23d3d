package io.compresso.op;

import io.compresso.graph.Node;

/**
 * {@code alpha * tanh(beta * x)}; experimental in ONNX, kept by ONNX Runtime up to operator set 9.
 */
final class ScaledTanh extends ElementwiseUnary {
  ScaledTanh() {
    super("ScaledTanh", 1);
  }

  @Override
  Function bind(Node node) {
    float alpha = node.floatAttribute("alpha", 1);
    float beta = node.floatAttribute("beta", 1);
    return x -> alpha * Math.tanh(beta * x);
  }
}
