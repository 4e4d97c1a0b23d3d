package io.compresso.engine.pass;

import io.compresso.graph.Node;
import io.compresso.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Puts the scale of the scores of an attention, {@code Q . K^T / c} or {@code * c}, into the
 * weights and the bias of the product that alone makes the queries, through what only moves them.
 */
final class FoldScales extends Rewriting {
  private static final int MOST_MOVES = 4;
  private static final int WEIGHTS = 1;
  private static final int RESIDUAL = 3;
  private static final int FACTORS = 4;

  FoldScales() {
    super("Div", "Mul");
  }

  @Override
  void rewrite(GraphView view, Node node, Edit edit) {
    Float scale = null;
    if (node.is("Div")) {
      scale = view.scalar(node.input(1));
      scale = scale == null || scale == 0 ? null : (Float) (1 / scale);
    } else if (node.is("Mul")) {
      scale = view.scalar(node.input(1));
    }
    Node scores = view.producer(node.input(0));
    if (scale == null
        || scores == null
        || !scores.is("MatMul")
        || view.onlyReader(scores.output(0)) != node
        || view.rank(scores.output(0)) < view.rank(node.output(0))) {
      return;
    }
    Node product = projection(view, scores.input(0), scores);
    if (product == null) {
      return;
    }
    // Of integers the factors of the sums are scaled, not the weights.
    int factor = product.opType().equals("MatMul") ? WEIGHTS : FACTORS;
    Tensor weights = view.floats(product.input(factor));
    Tensor bias = view.floats(product.input(2));
    if (weights == null
        || product.input(2) != null && bias == null
        || !edit.free(List.of(node, scores, product))) {
      return;
    }
    List<String> inputs = new ArrayList<>(product.inputs());
    inputs.set(factor, edit.constant(inputs.get(factor) + "_scaled", scaled(weights, scale)));
    if (bias != null) {
      inputs.set(2, edit.constant(inputs.get(2) + "_scaled", scaled(bias, scale)));
    }
    edit.replace(
        List.of(node, scores, product),
        NodeBuilder.like(product).inputs(inputs).build(),
        NodeBuilder.like(scores).outputs(node.outputs()).build());
  }

  /** The product that makes a value which nothing else reads; null if there is none. */
  private static @Nullable Node projection(GraphView view, @Nullable String value, Node reader) {
    String from = value;
    Node by = reader;
    for (int i = 0; i <= MOST_MOVES; i++) {
      Node node = view.producer(from);
      if (node == null || from == null || view.onlyReader(from) != by) {
        return null;
      }
      if (FuseActivations.isFloatProduct(view, node)
          && node.opType().endsWith("MatMul")
          && node.input(RESIDUAL) == null
          && !node.attributes().containsKey("activation")
          && !node.attributes().containsKey("low")
          && !node.attributes().containsKey("high")) {
        return node;
      }
      if (!node.is("Reshape") && !node.is("Transpose")) {
        return null;
      }
      by = node;
      from = node.input(0);
    }
    return null;
  }

  private static Tensor scaled(Tensor tensor, float scale) {
    Tensor result = Tensor.allocate(tensor.dtype(), tensor.shape());
    new ScaledCopies(tensor, result).copy(0, tensor.size(), scale);
    return result;
  }
}
