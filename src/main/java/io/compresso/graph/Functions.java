package io.compresso.graph;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A model's local functions by what calls them. */
public final class Functions {
  private record Key(String domain, String name, String overload) {}

  private final Map<Key, Function> functions = new HashMap<>();

  public Functions(Model model) {
    for (Function function : model.functions()) {
      String domain = function.domain().equals("ai.onnx") ? "" : function.domain();
      functions.put(new Key(domain, function.name(), function.overload()), function);
    }
  }

  /** The function that a node calls, null when the node is an operator. */
  public @Nullable Function find(Node node) {
    return functions.isEmpty()
        ? null
        : functions.get(new Key(node.domain(), node.opType(), node.overload()));
  }

  /** The function's nodes for one call: references to attributes have the call's values. */
  public static List<Node> body(Function function, Node call) {
    Map<String, Attribute> values = new HashMap<>(function.defaults());
    values.putAll(call.attributes());
    return function.nodes().stream().map(node -> bind(node, values)).toList();
  }

  private static Node bind(Node node, Map<String, Attribute> values) {
    Map<String, Attribute> bound = new LinkedHashMap<>();
    node.attributes()
        .forEach((name, attribute) -> {
          switch (attribute) {
            case Attribute.Reference(String from, int _) -> {
              Attribute value = values.get(from);
              if (value != null) {
                bound.put(name, value);
              }
            }
            case Attribute.GraphValue(Graph body) ->
                bound.put(name, new Attribute.GraphValue(bind(body, values)));
            case Attribute.Graphs(List<Graph> bodies) -> {
              List<Graph> graphs = new ArrayList<>();
              bodies.forEach(body -> graphs.add(bind(body, values)));
              bound.put(name, new Attribute.Graphs(List.copyOf(graphs)));
            }
            default -> bound.put(name, attribute);
          }
        });
    return new Node(
        node.name(),
        node.domain(),
        node.opType(),
        node.overload(),
        node.inputs(),
        node.outputs(),
        bound,
        node.annotations());
  }

  private static Graph bind(Graph body, Map<String, Attribute> values) {
    return new Graph(
        body.name(),
        body.inputs(),
        body.outputs(),
        body.nodes().stream().map(node -> bind(node, values)).toList(),
        body.initializers(),
        body.valueInfos(),
        body.annotations());
  }
}
