package io.compresso.engine.pass;

import io.compresso.graph.Node;
import io.compresso.kernel.Workers;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A convolution or Gemm with constant weights and bias, and where its output channels lie.
 *
 * @param axis the axis of the weights that counts the output channels of a group
 * @param groups the groups of a transposed convolution, else 1
 */
record Weighted(Node node, Tensor weights, @Nullable Tensor bias, int axis, int groups) {
  /** Weights that are worth another thread. */
  private static final long ELEMENTS_OF_CHUNK = 1 << 16;

  /** The node so seen; null when it is another operator or has weights of a run. */
  static @Nullable Weighted of(GraphView view, @Nullable Node node) {
    if (node == null || !node.domain().isEmpty()) {
      return null;
    }
    Tensor weights = view.constant(node.input(1));
    Tensor bias = view.constant(node.input(2));
    if (weights == null
        || !weights.dtype().isFloat()
        || weights.dtype().bits() < 16
        || node.input(2) != null && (bias == null || bias.dtype() != weights.dtype())) {
      return null;
    }
    int rank = weights.shape().rank();
    return switch (node.opType()) {
      case "Conv" -> rank < 3 ? null : new Weighted(node, weights, bias, 0, 1).checked();
      case "ConvTranspose" -> {
        long groups = node.intAttribute("group", 1);
        yield rank < 3 || groups < 1 || weights.shape().dim(0) % groups != 0
            ? null
            : new Weighted(node, weights, bias, 1, (int) groups).checked();
      }
      case "Gemm" -> {
        boolean plain = node.floatAttribute("alpha", 1) == 1 && node.floatAttribute("beta", 1) == 1;
        yield rank != 2 || !plain
            ? null
            : new Weighted(node, weights, bias, node.intAttribute("transB", 0) == 0 ? 1 : 0, 1)
                .checked();
      }
      default -> null;
    };
  }

  private @Nullable Weighted checked() {
    return bias != null && bias.size() != channels() ? null : this;
  }

  /** The number of output channels. */
  int channels() {
    return Math.toIntExact(weights.shape().dim(axis) * groups);
  }

  /** The weights, those of each output channel multiplied by its factor. */
  Tensor scaled(double[] factors) {
    Shape shape = weights.shape();
    Tensor result = Tensor.allocate(weights.dtype(), shape);
    int perGroup = Math.toIntExact(shape.dim(axis));
    long inner = shape.size(axis + 1, shape.rank());
    long rows = shape.size(0, axis) * perGroup;
    if (inner == 1) {
      scaleRows(result, factors, perGroup);
      return result;
    }
    long rowsOfGroup = Math.max(1, rows / groups);
    int chunks = (int) Math.min(rows, shape.size() / ELEMENTS_OF_CHUNK + 1);
    Workers.shared()
        .run(
            chunks,
            Workers.shared().size(),
            chunk -> {
              ScaledCopies copies = new ScaledCopies(weights, result);
              long end = (chunk + 1L) * rows / chunks;
              for (long row = chunk * rows / chunks; row < end; row++) {
                long channel = row / rowsOfGroup * perGroup + row % perGroup;
                copies.copy(row * inner, inner, factors[(int) channel]);
              }
            });
    return result;
  }

  /** Where consecutive weights are of consecutive channels. */
  private void scaleRows(Tensor result, double[] factors, int perGroup) {
    long rows = perGroup == 0 ? 0 : weights.size() / perGroup;
    long rowsOfGroup = Math.max(1, rows / groups);
    ScaledCopies copies = new ScaledCopies(weights, result);
    for (long row = 0; row < rows; row++) {
      copies.copy(row * perGroup, perGroup, factors, (int) (row / rowsOfGroup) * perGroup);
    }
  }

  /** The bias as {@code bias * factor + shift} of each output channel. */
  Tensor moved(double[] factors, double[] shifts) {
    Tensor result = Tensor.allocate(weights.dtype(), Shape.of(channels()));
    for (int c = 0; c < channels(); c++) {
      double old = bias == null ? 0 : bias.getDouble(c);
      result.setDouble(c, old * factors[c] + shifts[c]);
    }
    return result;
  }

  /** Puts the node, with {@code y * factor + shift} of each channel, in the place of both. */
  boolean absorb(Rewriting.Edit edit, Node after, double @Nullable [] factors, double[] shifts) {
    double[] ones = new double[channels()];
    Arrays.fill(ones, 1);
    String newWeights =
        factors == null
            ? node.inputs().get(1)
            : edit.constant(node.inputs().get(1), scaled(factors));
    String newBias =
        edit.constant(node.label() + "_bias", moved(factors == null ? ones : factors, shifts));
    Node folded =
        NodeBuilder.like(node)
            .inputs(node.inputs().getFirst(), newWeights, newBias)
            .outputs(after.outputs().getFirst())
            .build();
    return edit.replace(List.of(node, after), folded);
  }
}
