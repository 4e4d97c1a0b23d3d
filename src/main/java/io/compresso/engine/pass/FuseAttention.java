package io.compresso.engine.pass;

import io.compresso.graph.Dim;
import io.compresso.graph.Node;
import io.compresso.tensor.DType;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Makes one operator of the attention (Vaswani et al., 2017) that is written as products, a
 * softmax, and the reshaping and transposing that split a last axis into heads and join them again.
 * Unlike the operator of ONNX, what it makes gives NaN to a query whose keys are all masked by
 * negative infinity, as the softmax does.
 */
final class FuseAttention extends Rewriting {
  private static final long[] HEADS_FIRST = {0, 2, 1, 3};
  private static final long[] HEADS_FIRST_TRANSPOSED = {0, 2, 3, 1};

  FuseAttention() {
    super("Softmax");
  }

  @Override
  void rewrite(GraphView view, Node node, Edit edit) {
    if (view.rank(node.input(0)) != 4) {
      return;
    }
    long axis = node.intAttribute("axis", -1);
    Node sums = view.onlyReader(node.output(0));
    if (axis != -1 && axis != 3
        || sums == null
        || !sums.is("MatMul")
        || !node.outputs().getFirst().equals(sums.input(0))) {
      return;
    }
    List<Node> nodes = new ArrayList<>(List.of(node, sums));
    Scores scores = scores(view, node, nodes);
    Heads v = heads(view, sums.input(1), HEADS_FIRST);
    if (scores == null || v == null) {
      return;
    }
    Heads q = heads(view, scores.product().input(0), HEADS_FIRST);
    Heads k = heads(view, scores.product().input(1), HEADS_FIRST_TRANSPOSED);
    String result = joined(view, sums, nodes);
    if (q == null
        || k == null
        || result == null
        || q.count() != k.count()
        || q.count() != v.count()
        || !areOfOneBatch(view, q, k, v)
        || !edit.free(nodes)) {
      return;
    }
    edit.replace(
        nodes,
        NodeBuilder.onnx("Attention")
            .name(node.name())
            .inputs(q.value(), k.value(), v.value(), scores.mask())
            .outputs(result)
            .with("q_num_heads", q.count())
            .with("kv_num_heads", k.count())
            .with("scale", scores.scale())
            .with("nan_without_keys", 1)
            .build());
  }

  /** {@code product * scale + mask}. */
  private record Scores(Node product, float scale, @Nullable String mask) {}

  private static @Nullable Scores scores(GraphView view, Node softmax, List<Node> nodes) {
    Node node = view.producer(softmax.input(0));
    Node reader = softmax;
    String mask = null;
    if (node != null && node.is("Add") && view.onlyReader(node.output(0)) == reader) {
      for (int side = 0; side < 2 && mask == null; side++) {
        Node scores = view.producer(node.input(side));
        String other = node.input(1 - side);
        boolean same = isKnown(view.dims(node.input(side)), view.dims(node.output(0)));
        if (scores != null && isScores(scores) && same && view.dtype(other) == DType.FLOAT) {
          nodes.add(node);
          reader = node;
          node = scores;
          mask = other;
        }
      }
    }
    float scale = 1;
    if (node != null && (node.is("Mul") || node.is("Div"))) {
      Float factor = view.scalar(node.input(1));
      Node product = view.producer(node.input(0));
      if (factor == null
          || factor == 0
          || product == null
          || view.onlyReader(node.output(0)) != reader
          || view.rank(node.output(0)) != view.rank(node.input(0))) {
        return null;
      }
      nodes.add(node);
      scale = node.is("Mul") ? factor : 1 / factor;
      reader = node;
      node = product;
    }
    if (node == null
        || !node.is("MatMul")
        || view.onlyReader(node.output(0)) != reader
        || view.dtype(node.output(0)) != DType.FLOAT) {
      return null;
    }
    nodes.add(node);
    return new Scores(node, scale, mask);
  }

  private static boolean isScores(Node node) {
    return node.is("MatMul") || node.is("Mul") || node.is("Div");
  }

  /** A value {@code [batch, sequence, count * size]} of heads. */
  private record Heads(String value, long count) {}

  private static @Nullable Heads heads(GraphView view, @Nullable String value, long[] order) {
    Node transpose = view.producer(value);
    if (transpose == null
        || !transpose.is("Transpose")
        || !Arrays.equals(transpose.intsAttribute("perm"), order)) {
      return null;
    }
    Node reshape = view.producer(transpose.input(0));
    String whole = reshape == null ? null : reshape.input(0);
    if (reshape == null || whole == null || !reshape.is("Reshape")) {
      return null;
    }
    Long count = headCount(view.dims(whole), view.dims(reshape.output(0)));
    return count == null ? null : new Heads(whole, count);
  }

  /** The count of heads where the last axis of three is split into heads; else null. */
  private static @Nullable Long headCount(@Nullable List<Dim> whole, @Nullable List<Dim> apart) {
    if (whole == null
        || apart == null
        || whole.size() != 3
        || apart.size() != 4
        || !isKnown(whole.subList(0, 2), apart.subList(0, 2))) {
      return null;
    }
    Long width = whole.getLast().sizeOrNull();
    Long count = apart.get(2).sizeOrNull();
    Long size = apart.get(3).sizeOrNull();
    return width != null && count != null && size != null && width == count * size ? count : null;
  }

  /** The value in which the heads of the result follow each other in the last axis. */
  private static @Nullable String joined(GraphView view, Node sums, List<Node> nodes) {
    Node transpose = view.onlyReader(sums.output(0));
    if (transpose == null
        || !transpose.is("Transpose")
        || !Arrays.equals(transpose.intsAttribute("perm"), HEADS_FIRST)) {
      return null;
    }
    Node reshape = view.onlyReader(transpose.output(0));
    if (reshape == null
        || !reshape.is("Reshape")
        || !transpose.outputs().getFirst().equals(reshape.input(0))
        || headCount(view.dims(reshape.output(0)), view.dims(reshape.input(0))) == null) {
      return null;
    }
    nodes.add(transpose);
    nodes.add(reshape);
    return reshape.outputs().getFirst();
  }

  /** Products broadcast batches, the operator does not. */
  private static boolean areOfOneBatch(GraphView view, Heads q, Heads k, Heads v) {
    List<Dim> batch = batch(view, q);
    return isKnown(batch, batch(view, k)) && isKnown(batch, batch(view, v));
  }

  private static @Nullable List<Dim> batch(GraphView view, Heads heads) {
    List<Dim> dims = view.dims(heads.value());
    return dims == null ? null : dims.subList(0, 1);
  }

  /** Whether two lists of dimensions are known to be the same. */
  private static boolean isKnown(@Nullable List<Dim> a, @Nullable List<Dim> b) {
    return a != null && a.equals(b) && a.stream().noneMatch(dim -> dim instanceof Dim.Unknown);
  }
}
