package io.compresso.graph;

import io.compresso.tensor.Tensor;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Checks what every model must keep, after the rules of ONNX's intermediate representation: each
 * value is defined once and before it is read, names are unique, outputs exist, functions do not
 * call themselves and end within reason, and every node's operator set is imported. A subgraph may
 * read the values around it, and may hide them.
 */
public final class GraphVerifier {
  private final Model model;

  private GraphVerifier(Model model) {
    this.model = model;
  }

  /**
   * Checks a model.
   *
   * @throws GraphException if it breaks a rule; names the node where there is one
   */
  public static void verify(Model model) {
    GraphVerifier verifier = new GraphVerifier(model);
    verifier.functions();
    if (model.graph().outputs().isEmpty()) {
      throw new GraphException("the graph has no outputs");
    }
    for (ValueInfo output : model.graph().outputs()) {
      if (output.name().isEmpty()) {
        throw new GraphException("the graph has an output without a name");
      }
    }
    verifier.graph(model.graph(), null, model.opsetImports());
  }

  /** The names that are defined so far, here and around. */
  private record Scope(@Nullable Scope outer, Set<String> names) {
    boolean sees(String name) {
      return names.contains(name) || outer != null && outer.sees(name);
    }
  }

  private void graph(Graph graph, @Nullable Scope outer, Map<String, Integer> opsets) {
    Scope scope = new Scope(outer, new HashSet<>());
    for (ValueInfo input : graph.inputs()) {
      if (!scope.names.add(input.name())) {
        throw new GraphException("graph input '" + input.name() + "' is there twice");
      }
      checkDefault(input, graph.initializers().get(input.name()));
    }
    scope.names.addAll(graph.initializers().keySet());
    nodes(graph.nodes(), scope, opsets);
    for (ValueInfo output : graph.outputs()) {
      if (!scope.sees(output.name())) {
        throw new GraphException(
            "graph output '" + output.name() + "' is not computed by any node");
      }
    }
  }

  private static void checkDefault(ValueInfo input, @Nullable Tensor value) {
    if (value == null || !(input.type() instanceof ValueType.TensorType type)) {
      return;
    }
    List<Dim> dims = type.dims();
    boolean fits = type.dtype() == value.dtype();
    fits &= dims == null || dims.size() == value.shape().rank();
    for (int axis = 0; fits && dims != null && axis < dims.size(); axis++) {
      Long size = dims.get(axis).sizeOrNull();
      fits = size == null || size == value.shape().dim(axis);
    }
    if (!fits) {
      throw new GraphException(
          "graph input '%s' is declared %s, but its initializer is %s"
              .formatted(input.name(), type, value));
    }
  }

  private void nodes(List<Node> nodes, Scope scope, Map<String, Integer> opsets) {
    Set<String> labels = new HashSet<>();
    for (Node node : nodes) {
      if (!node.name().isEmpty() && !labels.add(node.name())) {
        throw new GraphException(node, "another node has the same name");
      }
      if (model.irVersion() >= 3 && !opsets.containsKey(node.domain())) {
        throw new GraphException(
            node, "its domain '" + node.domain() + "' is missing in opset_import");
      }
      for (String input : node.inputs()) {
        if (!input.isEmpty() && !scope.sees(input)) {
          throw notDefined(node, input, nodes);
        }
      }
      for (Attribute attribute : node.attributes().values()) {
        for (Graph body : bodies(attribute)) {
          try {
            graph(body, scope, opsets);
          } catch (GraphException e) {
            throw e.node() != null ? e : new GraphException(node, "subgraph: " + e.getMessage(), e);
          }
        }
      }
      for (String output : node.outputs()) {
        if (!output.isEmpty() && !scope.names.add(output)) {
          throw new GraphException(node, "computes '" + output + "', which is defined already");
        }
      }
    }
  }

  /** The subgraphs that an attribute holds. */
  public static List<Graph> bodies(Attribute attribute) {
    if (attribute instanceof Attribute.GraphValue value) {
      return List.of(value.value());
    }
    return attribute instanceof Attribute.Graphs values ? values.values() : List.of();
  }

  private static GraphException notDefined(Node node, String input, List<Node> nodes) {
    boolean later = nodes.stream().anyMatch(other -> other.outputs().contains(input));
    return new GraphException(
        node,
        later
            ? "reads '" + input + "' before it is computed"
            : "reads '" + input + "', which nothing computes");
  }

  private void functions() {
    Map<String, Function> byKey = new HashMap<>();
    for (Function function : model.functions()) {
      String key = FunctionCalls.key(function.domain(), function.name(), function.overload());
      if (byKey.put(key, function) != null) {
        throw new GraphException("function '" + key + "' is there twice");
      }
    }
    new FunctionCalls(byKey).verify(model.graph());
    for (Map.Entry<String, Function> entry : byKey.entrySet()) {
      Function function = entry.getValue();
      Scope scope = new Scope(null, new HashSet<>());
      for (String input : function.inputs()) {
        if (!scope.names.add(input)) {
          throw new GraphException(
              "function '" + entry.getKey() + "' has the input '" + input + "' twice");
        }
      }
      nodes(function.nodes(), scope, function.opsetImports());
      for (String output : function.outputs()) {
        if (!scope.sees(output)) {
          throw new GraphException(
              "function '" + entry.getKey() + "' does not compute its output '" + output + "'");
        }
      }
    }
  }
}
