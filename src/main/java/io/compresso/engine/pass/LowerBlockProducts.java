package io.compresso.engine.pass;

import io.compresso.graph.Node;
import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;

/**
 * Makes products of floats and dequantized constant weights of 4 or 8 bits {@code MatMulNBits},
 * which reads the weights as they are stored.
 */
final class LowerBlockProducts extends DequantizedRewriting {
  /** Weights up to which floats are as good, and can be fused with more. */
  private static final long FEW_WEIGHTS = 1 << 12;

  LowerBlockProducts() {
    super("Gemm", "MatMul");
  }

  @Override
  void rewrite(GraphView view, Node node, Edit edit) {
    if (!isProduct(view, node) || view.dtype(node.input(0)) != DType.FLOAT) {
      return;
    }
    boolean transposed = node.is("Gemm") && node.intAttribute("transB", 0) != 0;
    BlockWeights weights = BlockWeights.from(view, node.input(1), transposed);
    if (weights == null || weights.values().size() <= FEW_WEIGHTS) {
      return;
    }
    List<Node> before = new ArrayList<>(List.of(node));
    String sum = node.outputs().getFirst();
    String biasName = node.input(2);
    Node add = node.is("MatMul") ? view.onlyReader(sum) : null;
    if (add != null && add.is("Add")) {
      String other = sum.equals(add.input(0)) ? add.input(1) : add.input(0);
      float[] row = FloatConstant.of(view, other);
      if (row != null && row.length == weights.channels() && view.rank(other) == 1) {
        before.add(add);
        sum = add.outputs().getFirst();
        biasName = other;
      }
    }
    float[] bias = FloatConstant.of(view, biasName);
    if (biasName != null && (bias == null || bias.length != weights.channels())
        || !edit.free(before)) {
      return;
    }
    String base = node.inputs().get(1);
    Tensor zeroPoints = weights.blockZeroPoints();
    edit.replace(
        before,
        NodeBuilder.microsoft("MatMulNBits")
            .name(node.name())
            .inputs(
                node.input(0),
                edit.constant(base + "_fields", weights.fields()),
                edit.constant(base + "_scales", weights.blockScales()),
                zeroPoints == null ? null : edit.constant(base + "_zero_points", zeroPoints),
                null,
                bias == null
                    ? null
                    : edit.constant(base + "_bias", Tensor.ofFloats(Shape.of(bias.length), bias)))
            .outputs(sum)
            .with("K", weights.depth())
            .with("N", weights.channels())
            .with("bits", weights.bits())
            .with("block_size", weights.block())
            .build());
  }

  private static boolean isProduct(GraphView view, Node node) {
    if (node.is("MatMul")) {
      return view.rank(node.input(0)) >= 1;
    }
    return node.intAttribute("transA", 0) == 0
        && node.floatAttribute("alpha", 1) == 1
        && (node.input(2) == null
            || node.floatAttribute("beta", 1) == 1 && view.rank(node.input(2)) == 1);
  }
}
