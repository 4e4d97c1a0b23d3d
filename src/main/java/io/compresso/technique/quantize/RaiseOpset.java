package io.compresso.technique.quantize;

import io.compresso.graph.Attribute;
import io.compresso.graph.Graph;
import io.compresso.graph.GraphException;
import io.compresso.graph.Model;
import io.compresso.graph.Node;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.ToIntFunction;
import org.jspecify.annotations.Nullable;

/**
 * Rewrites a model of operator set 7 to 12 as one of operator set 13, the first with quantization
 * by axis: attributes that became inputs, operators that got another name or default.
 */
final class RaiseOpset {
  private static final int OLDEST = 7;

  private final int from;
  private final ToIntFunction<String> rankOf;
  private final Names names;

  private RaiseOpset(int from, ToIntFunction<String> rankOf, Names names) {
    this.from = from;
    this.rankOf = rankOf;
    this.names = names;
  }

  /**
   * The model in operator set 13, or as it is when it is newer.
   *
   * @param rankOf the rank of a value, -1 when it is not known
   * @throws GraphException if the operator set is older than 7, or a node has no newer form
   */
  static Model raise(Model model, ToIntFunction<String> rankOf) {
    int opset = model.opset();
    if (opset >= PrepareGraph.OPSET) {
      return model;
    }
    if (opset < OLDEST) {
      throw new GraphException(
          "operator set %d is older than %d; export the model again".formatted(opset, OLDEST));
    }
    Names names = new Names(new GraphIndex(model.graph()).names());
    Graph graph = new RaiseOpset(opset, rankOf, names).graph(model.graph());
    Map<String, Integer> opsets = new LinkedHashMap<>(model.opsetImports());
    opsets.put("", PrepareGraph.OPSET);
    return new Model(
        model.irVersion(), opsets, model.producer(), graph, model.functions(), model.annotations());
  }

  private Graph graph(Graph graph) {
    Map<String, Tensor> constants = new LinkedHashMap<>(graph.initializers());
    List<Node> nodes = new ArrayList<>();
    for (Node node : graph.nodes()) {
      Node outer = withBodies(node);
      if (outer.domain().isEmpty()) {
        raise(outer, constants, nodes);
      } else {
        nodes.add(outer);
      }
    }
    return new Graph(
        graph.name(),
        graph.inputs(),
        graph.outputs(),
        nodes,
        constants,
        graph.valueInfos(),
        graph.annotations());
  }

  private Node withBodies(Node node) {
    Node result = node;
    for (Map.Entry<String, Attribute> entry : node.attributes().entrySet()) {
      switch (entry.getValue()) {
        case Attribute.GraphValue(Graph body) ->
            result = result.withAttribute(entry.getKey(), Attribute.of(graph(body)));
        case Attribute.Graphs(List<Graph> bodies) ->
            result =
                result.withAttribute(
                    entry.getKey(),
                    new Attribute.Graphs(bodies.stream().map(this::graph).toList()));
        default -> {}
      }
    }
    return result;
  }

  private void raise(Node node, Map<String, Tensor> constants, List<Node> nodes) {
    switch (node.opType()) {
      case "BatchNormalization" -> nodes.add(batchNormalization(node));
      case "Clip" -> nodes.add(from >= 11 ? node : clip(node, constants));
      case "Dropout" -> nodes.add(without(node, Set.of("ratio"), node.inputs().subList(0, 1)));
      case "Pad" -> nodes.add(from >= 11 ? node : pad(node, constants));
      case "Slice" -> nodes.add(from >= 10 ? node : slice(node, constants));
      case "TopK" ->
          nodes.add(
              from >= 10
                  ? node
                  : inputs(node, "k", constants, new long[] {node.intAttribute("k", 1)}));
      case "Upsample", "Resize" ->
          nodes.add(node.opType().equals("Resize") && from >= 11 ? node : resize(node, constants));
      case "Scatter" -> nodes.add(renamed(node, "ScatterElements"));
      case "Squeeze", "Unsqueeze", "ReduceSum" ->
          nodes.add(inputs(node, "axes", constants, node.intsAttribute("axes")));
      case "Split" -> nodes.add(inputs(node, "split", constants, node.intsAttribute("split")));
      case "Softmax", "LogSoftmax", "Hardmax" -> softmax(node, nodes);
      case "Scan" -> {
        if (from < 9) {
          throw new GraphException(node, "Scan of operator set 8 has no newer form");
        }
        nodes.add(node);
      }
      default -> nodes.add(node);
    }
  }

  private static Node batchNormalization(Node node) {
    if (node.intAttribute("spatial", 1) == 0) {
      throw new GraphException(node, "normalization by element (spatial 0) has no newer form");
    }
    return without(node, Set.of("spatial"), node.inputs());
  }

  private Node clip(Node node, Map<String, Tensor> constants) {
    List<String> inputs = new ArrayList<>(node.inputs());
    for (String bound : List.of("min", "max")) {
      inputs.add(
          node.attributes().containsKey(bound)
              ? constant(constants, bound, Tensor.scalar(node.floatAttribute(bound, 0)))
              : "");
    }
    return without(node, Set.of("min", "max"), trimmed(inputs));
  }

  private Node pad(Node node, Map<String, Tensor> constants) {
    List<String> inputs = new ArrayList<>(node.inputs());
    inputs.add(constant(constants, "pads", longs(node.intsAttribute("pads", new long[0]))));
    inputs.add(constant(constants, "value", Tensor.scalar(node.floatAttribute("value", 0))));
    return without(node, Set.of("pads", "value"), inputs);
  }

  private Node slice(Node node, Map<String, Tensor> constants) {
    long[] starts = node.intsAttribute("starts", new long[0]);
    long[] axes = node.intsAttribute("axes");
    List<String> inputs = new ArrayList<>(node.inputs());
    inputs.add(constant(constants, "starts", longs(starts)));
    inputs.add(constant(constants, "ends", longs(node.intsAttribute("ends", new long[0]))));
    if (axes != null) {
      inputs.add(constant(constants, "axes", longs(axes)));
    }
    return without(node, Set.of("starts", "ends", "axes"), inputs);
  }

  private Node resize(Node node, Map<String, Tensor> constants) {
    String scales = node.input(1);
    if (scales == null) {
      Attribute given = node.attributes().get("scales");
      if (!(given instanceof Attribute.Floats(List<Float> values))) {
        throw new GraphException(node, "has no scales");
      }
      float[] floats = new float[values.size()];
      for (int i = 0; i < floats.length; i++) {
        floats[i] = values.get(i);
      }
      scales = constant(constants, "scales", Tensor.ofFloats(Shape.of(floats.length), floats));
    }
    return renamed(
            without(node, Set.of("scales"), List.of(node.inputs().getFirst(), "", scales)),
            "Resize")
        .withAttribute("coordinate_transformation_mode", Attribute.of("asymmetric"))
        .withAttribute("nearest_mode", Attribute.of("floor"));
  }

  /** Before operator set 13 these take all axes from {@code axis} on as one. */
  private void softmax(Node node, List<Node> nodes) {
    long axis = node.intAttribute("axis", 1);
    int rank = rankOf.applyAsInt(node.inputs().getFirst());
    if (axis == -1 || axis == rank - 1) {
      nodes.add(node.withAttribute("axis", Attribute.of(-1L)));
      return;
    }
    String input = node.inputs().getFirst();
    String output = node.outputs().getFirst();
    String shape = names.fresh(output, "_shape");
    String flat = names.fresh(output, "_flat");
    String result = names.fresh(output, "_2d");
    nodes.add(Node.of("Shape", List.of(input), List.of(shape), Map.of()));
    nodes.add(
        Node.of("Flatten", List.of(input), List.of(flat), Map.of("axis", Attribute.of(axis))));
    nodes.add(
        node.withInputs(List.of(flat))
            .withOutputs(List.of(result))
            .withAttribute("axis", Attribute.of(-1L)));
    nodes.add(Node.of("Reshape", List.of(result, shape), List.of(output), Map.of()));
  }

  /** The node with an attribute as one more input. */
  private Node inputs(
      Node node, String attribute, Map<String, Tensor> constants, long @Nullable [] values) {
    if (values == null) {
      return node;
    }
    List<String> inputs = new ArrayList<>(node.inputs());
    inputs.add(constant(constants, attribute, longs(values)));
    return without(node, Set.of(attribute), inputs);
  }

  private String constant(Map<String, Tensor> constants, String base, Tensor value) {
    String name = names.fresh(base, "_c");
    constants.put(name, value);
    return name;
  }

  private static Tensor longs(long[] values) {
    return Tensor.ofLongs(Shape.of(values.length), values);
  }

  private static List<String> trimmed(List<String> inputs) {
    List<String> trimmed = new ArrayList<>(inputs);
    while (!trimmed.isEmpty() && trimmed.getLast().isEmpty()) {
      trimmed.removeLast();
    }
    return trimmed;
  }

  private static Node without(Node node, Set<String> attributes, List<String> inputs) {
    Map<String, Attribute> kept = new LinkedHashMap<>(node.attributes());
    kept.keySet().removeAll(attributes);
    return new Node(
        node.name(),
        node.domain(),
        node.opType(),
        node.overload(),
        inputs,
        node.outputs(),
        kept,
        node.annotations());
  }

  private static Node renamed(Node node, String opType) {
    return new Node(
        node.name(),
        node.domain(),
        opType,
        node.overload(),
        node.inputs(),
        node.outputs(),
        node.attributes(),
        node.annotations());
  }
}
