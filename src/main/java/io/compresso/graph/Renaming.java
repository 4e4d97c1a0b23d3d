package io.compresso.graph;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.UnaryOperator;

/** Gives the values that nodes read other names, also where their subgraphs read them. */
public final class Renaming {
  private Renaming() {}

  /** The node with the names that it reads mapped; what its subgraphs define keeps its names. */
  public static Node reads(Node node, UnaryOperator<String> rename) {
    Node renamed = node.mapInputs(rename);
    if (!node.holdsGraphs()) {
      return renamed;
    }
    Map<String, Attribute> attributes = new LinkedHashMap<>();
    node.attributes()
        .forEach((name, attribute) ->
            attributes.put(
                name,
                switch (attribute) {
                  case Attribute.GraphValue(Graph body) ->
                      new Attribute.GraphValue(reads(body, rename));
                  case Attribute.Graphs(List<Graph> graphs) ->
                      new Attribute.Graphs(
                          graphs.stream().map(body -> reads(body, rename)).toList());
                  default -> attribute;
                }));
    return new Node(
        node.name(),
        node.domain(),
        node.opType(),
        node.overload(),
        renamed.inputs(),
        node.outputs(),
        attributes,
        node.annotations());
  }

  private static Graph reads(Graph body, UnaryOperator<String> rename) {
    Set<String> own = new HashSet<>(body.initializers().keySet());
    body.inputs().forEach(input -> own.add(input.name()));
    UnaryOperator<String> outside = name -> own.contains(name) ? name : rename.apply(name);
    List<Node> nodes = new ArrayList<>();
    for (Node node : body.nodes()) {
      nodes.add(reads(node, outside));
      own.addAll(node.outputs());
    }
    List<ValueInfo> outputs =
        body.outputs().stream()
            .map(output ->
                new ValueInfo(outside.apply(output.name()), output.type(), output.annotations()))
            .toList();
    return new Graph(
        body.name(),
        body.inputs(),
        outputs,
        nodes,
        body.initializers(),
        body.valueInfos(),
        body.annotations());
  }
}
