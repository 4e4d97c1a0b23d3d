package io.compresso.engine.pass;

import io.compresso.graph.Annotations;
import io.compresso.graph.Node;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Which nodes of the model a node of the compiled graph stands for, kept in its metadata. */
public final class Origins {
  private static final String KEY = "ai.compresso.origins";

  private Origins() {}

  /** The labels of the model's nodes that {@code node} computes, in the model's order. */
  public static List<String> of(Node node) {
    String labels = node.annotations().metadata().get(KEY);
    return labels == null ? List.of(node.label()) : Arrays.asList(labels.split("\n"));
  }

  private static String labels(Node node) {
    String labels = node.annotations().metadata().get(KEY);
    return labels == null ? node.label() : labels;
  }

  private static String labels(List<Node> nodes) {
    Set<String> labels = new LinkedHashSet<>();
    nodes.forEach(node -> labels.addAll(of(node)));
    return String.join("\n", labels);
  }

  /** {@code node}, which carries no annotations, as one that stands for what {@code before} do. */
  static Node mark(Node node, List<Node> before) {
    String labels = before.size() == 1 ? labels(before.getFirst()) : labels(before);
    return new Node(
        node.name(),
        node.domain(),
        node.opType(),
        node.overload(),
        node.inputs(),
        node.outputs(),
        node.attributes(),
        new Annotations("", Map.of(KEY, labels), Annotations.NONE.unknown()));
  }
}
