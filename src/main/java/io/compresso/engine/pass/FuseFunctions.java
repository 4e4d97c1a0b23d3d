package io.compresso.engine.pass;

import io.compresso.graph.Node;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Makes activations that are written as arithmetic one operator: Gelu (Hendrycks and Gimpel, 2016)
 * by the error function or by tanh, Swish and HardSwish.
 */
final class FuseFunctions extends Rewriting {
  private static final double TOLERANCE = 1e-3;

  FuseFunctions() {
    super("Clip", "Erf", "HardSigmoid", "Sigmoid", "Tanh");
  }

  @Override
  void rewrite(GraphView view, Node node, Edit edit) {
    if (node.is("Erf")) {
      gelu(view, node, edit, false);
    } else if (node.is("Tanh")) {
      gelu(view, node, edit, true);
    } else if (node.is("Sigmoid")) {
      gate(view, node, "Swish", List.of(node), node.input(0), edit);
    } else if (node.is("HardSigmoid")
        && is(node.floatAttribute("alpha", 0.2f), 1 / 6.0)
        && is(node.floatAttribute("beta", 0.5f), 0.5)) {
      gate(view, node, "HardSwish", List.of(node), node.input(0), edit);
    } else if (node.is("Clip")) {
      hardSwish(view, node, edit);
    }
  }

  private static boolean is(@Nullable Float value, double expected) {
    return value != null && Math.abs(value - expected) < TOLERANCE * expected;
  }

  /** {@code x * gate(x)}. */
  private static void gate(
      GraphView view, Node node, String opType, List<Node> nodes, @Nullable String x, Edit edit) {
    Node product = view.onlyReader(node.output(0));
    if (x == null
        || product == null
        || !product.is("Mul")
        || !x.equals(other(product, node.outputs().getFirst()))) {
      return;
    }
    List<Node> before = new ArrayList<>(nodes);
    before.add(product);
    edit.replace(
        before,
        NodeBuilder.onnx(opType).name(product.name()).inputs(x).outputs(product.outputs()).build());
  }

  /** {@code x * clip(x + 3, 0, 6) / 6}. */
  private static void hardSwish(GraphView view, Node clip, Edit edit) {
    Clipping bounds = Clipping.of(view, clip);
    Node sum = view.producer(clip.input(0));
    if (bounds == null
        || bounds.low() != 0
        || bounds.high() != 6
        || sum == null
        || !sum.is("Add")
        || view.onlyReader(sum.output(0)) != clip) {
      return;
    }
    String x = argument(view, sum, 3);
    Node product = view.onlyReader(clip.output(0));
    if (x == null || product == null) {
      return;
    }
    if (product.is("Mul") && x.equals(other(product, clip.outputs().getFirst()))) {
      Node division = view.onlyReader(product.output(0));
      if (division != null && isSixth(view, division, product.outputs().getFirst())) {
        replace(edit, List.of(sum, clip, product, division), division, "HardSwish", x);
      }
    } else if (isSixth(view, product, clip.outputs().getFirst())) {
      Node gated = view.onlyReader(product.output(0));
      if (gated != null
          && gated.is("Mul")
          && x.equals(other(gated, product.outputs().getFirst()))) {
        replace(edit, List.of(sum, clip, product, gated), gated, "HardSwish", x);
      }
    }
  }

  private static boolean isSixth(GraphView view, Node node, String value) {
    return node.is("Div") && value.equals(node.input(0)) && is(view.scalar(node.input(1)), 6)
        || node.is("Mul") && is(view.scalar(other(node, value)), 1 / 6.0);
  }

  private static void replace(Edit edit, List<Node> before, Node last, String opType, String x) {
    edit.replace(
        before,
        NodeBuilder.onnx(opType).name(last.name()).inputs(x).outputs(last.outputs()).build());
  }

  /** {@code x / 2 * (1 + f(x))} in any order of the factors. */
  private static void gelu(GraphView view, Node node, Edit edit, boolean byTanh) {
    List<Node> nodes = new ArrayList<>(List.of(node));
    String x = byTanh ? cubic(view, node, nodes) : scaled(view, node, nodes);
    Node sum = view.onlyReader(node.output(0));
    if (x == null || sum == null || !sum.is("Add") || argument(view, sum, 1) == null) {
      return;
    }
    Node product = view.onlyReader(sum.output(0));
    if (product == null || !product.is("Mul")) {
      return;
    }
    nodes.add(sum);
    nodes.add(product);
    String factor = other(product, sum.outputs().getFirst());
    Node last = product;
    Node half = view.producer(factor);
    if (half != null
        && half.is("Mul")
        && x.equals(argument(view, half, 0.5))
        && view.onlyReader(factor) == product) {
      nodes.add(half);
    } else {
      last = view.onlyReader(product.output(0));
      if (last == null || !last.is("Mul")) {
        return;
      }
      String rest = other(last, product.outputs().getFirst());
      boolean halvesLast = x.equals(factor) && is(view.scalar(rest), 0.5);
      boolean halvesFirst = x.equals(rest) && is(view.scalar(factor), 0.5);
      if (!halvesLast && !halvesFirst) {
        return;
      }
      nodes.add(last);
    }
    edit.replace(
        nodes,
        NodeBuilder.onnx("Gelu")
            .name(last.name())
            .inputs(x)
            .outputs(last.outputs())
            .with("approximate", byTanh ? "tanh" : "none")
            .build());
  }

  /** The {@code x} of {@code erf(x / sqrt(2))}. */
  private static @Nullable String scaled(GraphView view, Node node, List<Node> nodes) {
    Node scale = view.producer(node.input(0));
    if (scale == null || view.onlyReader(scale.output(0)) != node) {
      return null;
    }
    nodes.add(scale);
    if (scale.is("Div")) {
      return is(view.scalar(scale.input(1)), Math.sqrt(2)) ? scale.input(0) : null;
    }
    return scale.is("Mul") ? argument(view, scale, Math.sqrt(0.5)) : null;
  }

  /** The {@code x} of {@code tanh(sqrt(2 / pi) * (x + 0.044715 * x^3))}. */
  private static @Nullable String cubic(GraphView view, Node node, List<Node> nodes) {
    Node scale = view.producer(node.input(0));
    if (scale == null || !scale.is("Mul") || view.onlyReader(scale.output(0)) != node) {
      return null;
    }
    String inner = argument(view, scale, Math.sqrt(2 / Math.PI));
    Node sum = view.producer(inner);
    if (sum == null || !sum.is("Add") || view.onlyReader(inner) != scale) {
      return null;
    }
    for (int side = 0; side < 2; side++) {
      String x = sum.input(side);
      Node term = view.producer(sum.input(1 - side));
      String cube = term == null || !term.is("Mul") ? null : argument(view, term, 0.044715);
      Node power = view.producer(cube);
      if (x != null
          && term != null
          && power != null
          && power.is("Pow")
          && x.equals(power.input(0))
          && is(view.scalar(power.input(1)), 3)
          && view.onlyReader(cube) == term
          && view.onlyReader(term.output(0)) == sum) {
        nodes.addAll(List.of(scale, sum, term, power));
        return x;
      }
    }
    return null;
  }

  /** The operand beside a constant scalar of the given value, else null. */
  private static @Nullable String argument(GraphView view, Node node, double constant) {
    if (is(view.scalar(node.input(1)), constant)) {
      return node.input(0);
    }
    return is(view.scalar(node.input(0)), constant) ? node.input(1) : null;
  }

  private static @Nullable String other(Node node, String value) {
    return value.equals(node.input(0)) ? node.input(1) : node.input(0);
  }
}
