package io.compresso.technique.quantize;

import io.compresso.graph.Attribute;
import io.compresso.graph.FreshNames;
import io.compresso.graph.Graph;
import io.compresso.graph.Model;
import io.compresso.graph.Node;
import io.compresso.tensor.DType;
import io.compresso.tensor.Tensor;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;

/**
 * Writes a model whose weights are stored in half precision and cast to fp32 where they are read:
 * the form of bfloat16 that every runtime loads, since ONNX Runtime's CPU kernels do not compute in
 * it. A constant stays fp32 when a node that is not chosen reads it too.
 */
final class HalfWeights implements HalfForm {
  /** Constants of fewer elements gain nothing. */
  private static final long FEWEST = 16;

  private final DType half;
  private final Predicate<Node> chosen;
  private final FreshNames names;
  private final Set<Node> converted = Collections.newSetFromMap(new IdentityHashMap<>());
  private final Model result;
  private long floatBytes;
  private long halfBytes;

  HalfWeights(Model model, DType half, Predicate<Node> chosen) {
    this.half = half;
    this.chosen = chosen;
    this.names = new FreshNames(model.graph());
    this.result = model.withGraph(convert(model.graph()));
  }

  private Graph convert(Graph graph) {
    Map<String, List<Node>> readers = new HashMap<>();
    Set<String> blocked = new HashSet<>();
    graph.outputs().forEach(output -> blocked.add(output.name()));
    graph.inputs().forEach(input -> blocked.add(input.name()));
    collect(graph, readers, blocked);
    Map<String, Tensor> initializers = new LinkedHashMap<>();
    List<Node> nodes = new ArrayList<>();
    graph
        .initializers()
        .forEach((name, tensor) -> {
          boolean fits =
              tensor.dtype() == DType.FLOAT
                  && tensor.size() >= FEWEST
                  && !blocked.contains(name)
                  && readers.containsKey(name);
          if (!fits) {
            initializers.put(name, tensor);
            return;
          }
          Tensor narrow = Tensor.allocate(half, tensor.shape());
          for (long i = 0; i < tensor.size(); i++) {
            narrow.setFloat(i, tensor.getFloat(i));
          }
          String stored = names.next(name + "_h");
          initializers.put(stored, narrow);
          nodes.add(
              Node.of(
                  "Cast",
                  List.of(stored),
                  List.of(name),
                  Map.of("to", Attribute.of((long) DType.FLOAT.code()))));
          converted.addAll(readers.getOrDefault(name, List.of()));
          floatBytes += tensor.byteSize();
          halfBytes += narrow.byteSize();
        });
    for (Node node : graph.nodes()) {
      nodes.add(withBodies(node));
    }
    return new Graph(
        graph.name(),
        graph.inputs(),
        graph.outputs(),
        nodes,
        initializers,
        graph.valueInfos(),
        graph.annotations());
  }

  private Node withBodies(Node node) {
    Node result = node;
    for (Map.Entry<String, Attribute> attribute : node.attributes().entrySet()) {
      switch (attribute.getValue()) {
        case Attribute.GraphValue(Graph body) ->
            result = result.withAttribute(attribute.getKey(), Attribute.of(convert(body)));
        case Attribute.Graphs(List<Graph> bodies) ->
            result =
                result.withAttribute(
                    attribute.getKey(),
                    new Attribute.Graphs(bodies.stream().map(this::convert).toList()));
        default -> {}
      }
    }
    return result;
  }

  /** Who reads each name, in this graph and in those inside it. */
  private void collect(Graph graph, Map<String, List<Node>> readers, Set<String> blocked) {
    for (Node node : graph.nodes()) {
      boolean reads =
          (HalfRules.kind(node) == HalfRules.Kind.COMPUTES || node.is("Gather"))
              && chosen.test(node);
      for (String input : node.inputs()) {
        if (reads) {
          readers.computeIfAbsent(input, _ -> new ArrayList<>()).add(node);
        } else {
          blocked.add(input);
        }
      }
      for (Attribute attribute : node.attributes().values()) {
        switch (attribute) {
          case Attribute.GraphValue(Graph body) -> inside(body, readers, blocked);
          case Attribute.Graphs(List<Graph> bodies) ->
              bodies.forEach(body -> inside(body, readers, blocked));
          default -> {}
        }
      }
    }
  }

  private void inside(Graph body, Map<String, List<Node>> readers, Set<String> blocked) {
    body.outputs().forEach(output -> blocked.add(output.name()));
    collect(body, readers, blocked);
  }

  @Override
  public Model model() {
    return result;
  }

  @Override
  public boolean isConverted(Node node) {
    return converted.contains(node);
  }

  @Override
  public long floatBytes() {
    return floatBytes;
  }

  @Override
  public long halfBytes() {
    return halfBytes;
  }
}
