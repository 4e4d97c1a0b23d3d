package io.compresso.engine.pass;

import io.compresso.graph.Annotations;
import io.compresso.graph.Node;
import java.util.Arrays;
import java.util.LinkedHashMap;
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

  /** {@code node} as one that stands for what {@code before} stand for. */
  static Node mark(Node node, List<Node> before) {
    Set<String> labels = new LinkedHashSet<>();
    before.forEach(each -> labels.addAll(of(each)));
    Map<String, String> metadata = new LinkedHashMap<>(node.annotations().metadata());
    metadata.put(KEY, String.join("\n", labels));
    return new Node(
        node.name(),
        node.domain(),
        node.opType(),
        node.overload(),
        node.inputs(),
        node.outputs(),
        node.attributes(),
        new Annotations(
            node.annotations().doc(), Map.copyOf(metadata), node.annotations().unknown()));
  }
}
