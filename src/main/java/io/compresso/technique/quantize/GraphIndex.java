package io.compresso.technique.quantize;

import io.compresso.graph.Attribute;
import io.compresso.graph.Graph;
import io.compresso.graph.Node;
import io.compresso.graph.ValueInfo;
import io.compresso.tensor.DType;
import io.compresso.tensor.Tensor;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Who makes and who reads each value of a graph. */
final class GraphIndex {
  private final Graph graph;
  private final Map<String, Node> producers = new HashMap<>();
  private final Map<String, List<Node>> readers = new HashMap<>();
  private final Set<String> captured = new HashSet<>();
  private final Set<String> outputs = new HashSet<>();

  GraphIndex(Graph graph) {
    this.graph = graph;
    for (Node node : graph.nodes()) {
      node.outputs().forEach(output -> producers.put(output, node));
      for (String input : new HashSet<>(node.inputs())) {
        readers.computeIfAbsent(input, _ -> new ArrayList<>()).add(node);
      }
      node.attributes().values().forEach(this::capture);
    }
    for (ValueInfo output : graph.outputs()) {
      outputs.add(output.name());
    }
  }

  private void capture(Attribute attribute) {
    switch (attribute) {
      case Attribute.GraphValue(Graph body) -> capture(body);
      case Attribute.Graphs(List<Graph> bodies) -> bodies.forEach(this::capture);
      default -> {}
    }
  }

  private void capture(Graph body) {
    body.outputs().forEach(output -> captured.add(output.name()));
    for (Node node : body.nodes()) {
      captured.addAll(node.inputs());
      node.attributes().values().forEach(this::capture);
    }
  }

  Graph graph() {
    return graph;
  }

  /** The node that computes the value; null for inputs and initializers. */
  @Nullable Node producer(String value) {
    return producers.get(value);
  }

  /** The nodes that read the value, in order; those with subgraphs that capture it excluded. */
  List<Node> readers(String value) {
    return readers.getOrDefault(value, List.of());
  }

  boolean isOutput(String value) {
    return outputs.contains(value);
  }

  /** Whether a subgraph reads the value by its name. */
  boolean isCaptured(String value) {
    return captured.contains(value);
  }

  /** Whether a subgraph reads the value by its name, or it is an output: it must keep its name. */
  boolean isPinned(String value) {
    return outputs.contains(value) || captured.contains(value);
  }

  /** The only node that reads the value; null when others do, or it must keep its name. */
  @Nullable Node onlyReader(String value) {
    List<Node> all = readers(value);
    return all.size() == 1 && !isPinned(value) ? all.getFirst() : null;
  }

  /** The constant of that name, null when it is computed or an input. */
  @Nullable Tensor constant(@Nullable String value) {
    return value == null ? null : graph.initializers().get(value);
  }

  /** The float constant of that name, else null. */
  @Nullable Tensor floatConstant(@Nullable String value) {
    Tensor tensor = constant(value);
    return tensor != null && tensor.dtype() == DType.FLOAT ? tensor : null;
  }

  /** Every name in use. */
  Set<String> names() {
    Set<String> names = new HashSet<>(graph.initializers().keySet());
    graph.inputs().forEach(input -> names.add(input.name()));
    names.addAll(producers.keySet());
    names.addAll(readers.keySet());
    names.addAll(captured);
    names.addAll(outputs);
    return names;
  }
}
