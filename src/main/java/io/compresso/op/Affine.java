package io.compresso.op;

import io.compresso.graph.Node;

/** {@code alpha * x + beta}; experimental in ONNX, kept by ONNX Runtime up to operator set 9. */
final class Affine extends ElementwiseUnary {
  Affine() {
    super("Affine", 1);
  }

  @Override
  Function bind(Node node) {
    float alpha = node.floatAttribute("alpha", 1);
    float beta = node.floatAttribute("beta", 0);
    return x -> alpha * x + beta;
  }
}
