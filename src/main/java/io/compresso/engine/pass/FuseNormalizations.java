package io.compresso.engine.pass;

import io.compresso.graph.Dim;
import io.compresso.graph.Node;
import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Makes layer normalizations (Ba, Kiros and Hinton, 2016) and those by the root mean square (Zhang
 * and Sennrich, 2019) that are written as arithmetic along the last axis one operator.
 */
final class FuseNormalizations extends Rewriting {
  FuseNormalizations() {
    super("Div", "Mul");
  }

  @Override
  void rewrite(GraphView view, Node node, Edit edit) {
    Match match = match(view, node);
    if (match == null || !edit.free(match.nodes())) {
      return;
    }
    String x = match.x();
    List<Dim> dims = view.dims(x);
    Long width = dims == null || dims.isEmpty() ? null : dims.getLast().sizeOrNull();
    DType type = view.dtype(x);
    if (width == null || type != DType.FLOAT) {
      return;
    }
    List<Node> nodes = new ArrayList<>(match.nodes());
    String result = node.outputs().getFirst();
    String gamma = null;
    String beta = null;
    Node next = view.onlyReader(result);
    if (next != null && next.is("Mul")) {
      gamma = row(view, other(next, result), width);
      if (gamma != null) {
        nodes.add(next);
        result = next.outputs().getFirst();
        next = view.onlyReader(result);
      }
    }
    if (match.centred() && next != null && next.is("Add")) {
      beta = row(view, other(next, result), width);
      if (beta != null) {
        nodes.add(next);
        result = next.outputs().getFirst();
      }
    }
    if (!edit.free(nodes)) {
      return;
    }
    if (gamma == null) {
      float[] ones = new float[Math.toIntExact(width)];
      Arrays.fill(ones, 1);
      gamma = edit.constant(result + "_scale", Tensor.ofFloats(Shape.of(width), ones));
    }
    edit.replace(
        nodes,
        NodeBuilder.onnx(match.centred() ? "LayerNormalization" : "RMSNormalization")
            .name(node.name())
            .inputs(x, gamma, beta)
            .outputs(result)
            .with("axis", -1)
            .with("epsilon", match.epsilon())
            .build());
  }

  /**
   * {@code v / sqrt(mean(v^2) + epsilon)}, with {@code v} the input or its distance to its mean.
   */
  private record Match(String x, boolean centred, float epsilon, List<Node> nodes) {}

  private static @Nullable Match match(GraphView view, Node node) {
    List<Node> nodes = new ArrayList<>(List.of(node));
    if (node.is("Mul")) {
      Match left = ofReciprocal(view, node, 0);
      return left != null ? left : ofReciprocal(view, node, 1);
    }
    String v = node.input(0);
    Node root = view.producer(node.input(1));
    return v == null || root == null || !root.is("Sqrt") || !isRead(view, root, node)
        ? null
        : variance(view, v, root, nodes);
  }

  private static @Nullable Match ofReciprocal(GraphView view, Node node, int side) {
    String v = node.input(side);
    Node reciprocal = view.producer(node.input(1 - side));
    if (v == null || reciprocal == null || !isRead(view, reciprocal, node)) {
      return null;
    }
    List<Node> nodes = new ArrayList<>(List.of(node, reciprocal));
    Node root = null;
    if (reciprocal.is("Reciprocal")) {
      root = view.producer(reciprocal.input(0));
    } else if (reciprocal.is("Div") && is(view.scalar(reciprocal.input(0)), 1)) {
      root = view.producer(reciprocal.input(1));
    }
    return root == null || !root.is("Sqrt") || !isRead(view, root, reciprocal)
        ? null
        : variance(view, v, root, nodes);
  }

  private static boolean isRead(GraphView view, Node node, Node reader) {
    return view.onlyReader(node.output(0)) == reader;
  }

  private static @Nullable Match variance(GraphView view, String v, Node root, List<Node> nodes) {
    Node sum = view.producer(root.input(0));
    if (sum == null || !sum.is("Add") || !isRead(view, sum, root)) {
      return null;
    }
    for (int side = 0; side < 2; side++) {
      Float epsilon = view.scalar(sum.input(1 - side));
      Node mean = view.producer(sum.input(side));
      if (epsilon == null || mean == null || !isMean(view, mean) || !isRead(view, mean, sum)) {
        continue;
      }
      Node square = view.producer(mean.input(0));
      if (square == null || !isSquare(view, square, v) || !isRead(view, square, mean)) {
        continue;
      }
      nodes.addAll(List.of(root, sum, mean, square));
      Node centre = view.producer(v);
      Node average = centre == null || !centre.is("Sub") ? null : view.producer(centre.input(1));
      // The distance is read three times at most: squared once or twice, and divided.
      if (centre != null
          && average != null
          && isMean(view, average)
          && view.onlyReader(average.output(0)) == centre
          && centre.input(0) != null
          && centre.inputs().getFirst().equals(average.input(0))
          && !view.isOutput(v)
          && nodes.containsAll(view.readers(v))) {
        nodes.addAll(List.of(centre, average));
        return new Match(centre.inputs().getFirst(), true, epsilon, List.copyOf(nodes));
      }
      return new Match(v, false, epsilon, List.copyOf(nodes));
    }
    return null;
  }

  private static boolean isSquare(GraphView view, Node node, String v) {
    return node.is("Pow") && v.equals(node.input(0)) && is(view.scalar(node.input(1)), 2)
        || node.is("Mul") && v.equals(node.input(0)) && v.equals(node.input(1));
  }

  private static boolean is(@Nullable Float value, float expected) {
    return value != null && value == expected;
  }

  /** Whether a node gives the mean along the last axis, and keeps the axis. */
  private static boolean isMean(GraphView view, Node node) {
    if (!node.is("ReduceMean") || node.intAttribute("keepdims", 1) == 0) {
      return false;
    }
    Tensor given = view.constant(node.input(1));
    if (node.input(1) != null && given == null) {
      return false;
    }
    long[] axes = given != null ? given.toLongs() : node.intsAttribute("axes");
    int rank = view.rank(node.input(0));
    return axes != null && axes.length == 1 && (axes[0] == -1 || rank > 0 && axes[0] == rank - 1);
  }

  private static @Nullable String other(Node node, String value) {
    return value.equals(node.input(0)) ? node.input(1) : node.input(0);
  }

  /** The name of a constant vector of the given length. */
  private static @Nullable String row(GraphView view, @Nullable String value, long width) {
    Tensor constant = view.floats(value);
    return constant != null && constant.shape().rank() == 1 && constant.size() == width
        ? value
        : null;
  }
}
