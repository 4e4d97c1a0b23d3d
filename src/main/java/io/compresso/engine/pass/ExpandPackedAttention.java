package io.compresso.engine.pass;

import io.compresso.graph.Dim;
import io.compresso.graph.Node;
import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Writes the attention operators of ONNX Runtime's own set, as its optimiser makes them of
 * encoders, as projections with weights of their own and ONNX's attention. Caches and rotations are
 * left as they are.
 */
final class ExpandPackedAttention extends Rewriting {
  private static final int FIRST_OF_CACHE = 6;

  /** Which of a batch's keys a mask {@code [batch, keys]} lets be seen: a mask for all queries. */
  private static final long[] KEYS_LAST = {0, 1, 1, -1};

  @Override
  void rewrite(GraphView view, Node node, Edit edit) {
    if (!node.domain().equals("com.microsoft")
        || node.outputs().stream().skip(1).anyMatch(output -> !output.isEmpty())
        || view.dtype(node.input(0)) != DType.FLOAT
        || view.rank(node.input(0)) != 3) {
      return;
    }
    if (node.opType().equals("Attention")) {
      packed(view, node, edit);
    } else if (node.opType().equals("MultiHeadAttention")) {
      apart(view, node, edit);
    }
  }

  /** Attention of one value: input, weights, bias, mask, cache, what is added to the scores. */
  private static void packed(GraphView view, Node node, Edit edit) {
    Tensor weights = view.constant(node.input(1));
    Tensor bias = view.constant(node.input(2));
    long heads = node.intAttribute("num_heads", 0);
    if (weights == null
        || weights.dtype() != DType.FLOAT
        || weights.shape().rank() != 2
        || node.input(2) != null && bias == null
        || bias != null && bias.size() != weights.shape().dim(1)
        || node.input(4) != null
        || hasCache(node)
        || node.intAttribute("do_rotary", 0) != 0
        || !isOfKeys(view, node.input(3))) {
      return;
    }
    long third = weights.shape().dim(1) / 3;
    long[] sizes = node.intsAttribute("qkv_hidden_sizes", new long[] {third, third, third});
    if (sizes.length != 3
        || Arrays.stream(sizes).anyMatch(size -> size < 1 || heads < 1 || size % heads != 0)
        || Arrays.stream(sizes).sum() != weights.shape().dim(1)
        || !edit.free(List.of(node))) {
      return;
    }
    List<Node> after = new ArrayList<>();
    String[] operands = new String[3];
    long from = 0;
    for (int i = 0; i < 3; i++) {
      String product = edit.fresh(node.label() + "_projection");
      String part = edit.constant(node.label() + "_weights", columns(weights, from, sizes[i]));
      after.add(NodeBuilder.onnx("MatMul").inputs(node.input(0), part).outputs(product).build());
      operands[i] =
          bias == null ? product : biased(node, product, bias, from, sizes[i], edit, after);
      from += sizes[i];
    }
    attention(node, operands, new int[] {3, 5}, edit, after);
  }

  /** Attention of three values: queries, keys, values, bias, mask, what is added to the scores. */
  private static void apart(GraphView view, Node node, Edit edit) {
    Tensor bias = view.constant(node.input(3));
    List<Long> widths = new ArrayList<>();
    for (int i = 0; i < 3; i++) {
      List<Dim> dims = view.dims(node.input(i));
      Long width = dims == null || dims.size() != 3 ? null : dims.get(2).sizeOrNull();
      if (width == null || width < 1) {
        return;
      }
      widths.add(width);
    }
    long heads = node.intAttribute("num_heads", 0);
    if (node.input(3) != null
            && (bias == null || bias.size() != widths.stream().mapToLong(Long::longValue).sum())
        || hasCache(node)
        || node.intAttribute("unidirectional", 0) != 0
        || !isOfKeys(view, node.input(4))
        || widths.stream().anyMatch(width -> heads < 1 || width % heads != 0)
        || !edit.free(List.of(node))) {
      return;
    }
    List<Node> after = new ArrayList<>();
    String[] operands = new String[3];
    long from = 0;
    for (int i = 0; i < 3; i++) {
      String operand = node.inputs().get(i);
      operands[i] =
          bias == null ? operand : biased(node, operand, bias, from, widths.get(i), edit, after);
      from += widths.get(i);
    }
    attention(node, operands, new int[] {4, 5}, edit, after);
  }

  /** Whether there is no mask, or one {@code [batch, keys]}. */
  private static boolean isOfKeys(GraphView view, @Nullable String mask) {
    return mask == null || view.rank(mask) == 2;
  }

  private static boolean hasCache(Node node) {
    return node.inputs().stream().skip(FIRST_OF_CACHE).anyMatch(input -> !input.isEmpty());
  }

  private static String biased(
      Node node, String value, Tensor bias, long from, long size, Edit edit, List<Node> after) {
    String sum = edit.fresh(node.label() + "_biased");
    String part =
        edit.constant(
            node.label() + "_bias",
            columns(bias.reshape(Shape.of(1, bias.size())), from, size).reshape(Shape.of(size)));
    after.add(NodeBuilder.onnx("Add").inputs(value, part).outputs(sum).build());
    return sum;
  }

  private static Tensor columns(Tensor x, long from, long count) {
    long rows = x.shape().dim(0);
    long width = x.shape().dim(1);
    long bytes = x.dtype().bytes(1);
    Tensor y = Tensor.allocate(x.dtype(), Shape.of(rows, count));
    for (long row = 0; row < rows; row++) {
      MemorySegment.copy(
          x.segment(),
          (row * width + from) * bytes,
          y.segment(),
          row * count * bytes,
          count * bytes);
    }
    return y;
  }

  /**
   * Replaces the node.
   *
   * @param scores the inputs with the mask and with what is added to the scores
   */
  private static void attention(
      Node node, String[] operands, int[] scores, Edit edit, List<Node> after) {
    String added = node.input(scores[1]);
    String mask = node.input(scores[0]);
    if (mask != null) {
      String masked = mask(node, mask, edit, after);
      if (added == null) {
        added = masked;
      } else {
        String sum = edit.fresh(node.label() + "_scores");
        after.add(NodeBuilder.onnx("Add").inputs(masked, added).outputs(sum).build());
        added = sum;
      }
    }
    long heads = node.intAttribute("num_heads", 0);
    NodeBuilder attention =
        NodeBuilder.onnx("Attention")
            .name(node.name())
            .inputs(operands[0], operands[1], operands[2], added)
            .outputs(node.outputs().getFirst())
            .with("q_num_heads", heads)
            .with("kv_num_heads", heads)
            .with("is_causal", node.intAttribute("unidirectional", 0));
    float scale = node.floatAttribute("scale", 0);
    after.add((scale == 0 ? attention : attention.with("scale", scale)).build());
    edit.replace(List.of(node), after.toArray(Node[]::new));
  }

  /** What a mask of keys adds to the scores: 0, or much less where the mask is 0. */
  private static String mask(Node node, String mask, Edit edit, List<Node> after) {
    String seen = edit.fresh(mask + "_seen");
    String numbers = edit.fresh(mask + "_numbers");
    String hidden = edit.fresh(mask + "_hidden");
    String scores = edit.fresh(mask + "_scores");
    String result = edit.fresh(mask + "_broadcast");
    float lowest = node.floatAttribute("mask_filter_value", -10000);
    String one = edit.constant(mask + "_one", Tensor.scalar(1f));
    String factor = edit.constant(mask + "_factor", Tensor.scalar(lowest));
    String shape =
        edit.constant(mask + "_shape", Tensor.ofLongs(Shape.of(KEYS_LAST.length), KEYS_LAST));
    after.add(cast(mask, seen, DType.BOOL));
    after.add(cast(seen, numbers, DType.FLOAT));
    after.add(NodeBuilder.onnx("Sub").inputs(one, numbers).outputs(hidden).build());
    after.add(NodeBuilder.onnx("Mul").inputs(hidden, factor).outputs(scores).build());
    after.add(NodeBuilder.onnx("Reshape").inputs(scores, shape).outputs(result).build());
    return result;
  }

  private static Node cast(String value, String result, DType to) {
    return NodeBuilder.onnx("Cast").inputs(value).outputs(result).with("to", to.code()).build();
  }
}
