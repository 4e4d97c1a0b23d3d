package io.compresso.compress;

import io.compresso.engine.ShapeInference;
import io.compresso.graph.Attribute;
import io.compresso.graph.Graph;
import io.compresso.graph.GraphException;
import io.compresso.graph.Model;
import io.compresso.graph.Node;
import io.compresso.graph.ValueType.TensorType;
import io.compresso.op.Inferred;
import io.compresso.tensor.DType;
import io.compresso.tensor.Tensor;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What is checked of an uploaded model beyond its form: types, shapes, and constant scales. */
final class ModelChecks {
  /** Inputs that are scales, by operator type. */
  private static final Map<String, List<Integer>> SCALES =
      Map.of(
          "QuantizeLinear", List.of(1),
          "DequantizeLinear", List.of(1),
          "QLinearConv", List.of(1, 4, 6),
          "QLinearMatMul", List.of(1, 4, 6));

  /** Operators whose operands have one type, with how many of them there must be. */
  private static final Map<String, Integer> OPERANDS =
      Map.ofEntries(
          Map.entry("Add", 2),
          Map.entry("Sub", 2),
          Map.entry("Mul", 2),
          Map.entry("Div", 2),
          Map.entry("MatMul", 2),
          Map.entry("Gemm", 2),
          Map.entry("Conv", 2),
          Map.entry("ConvTranspose", 2),
          Map.entry("Concat", 1),
          Map.entry("Sum", 1),
          Map.entry("Max", 1),
          Map.entry("Min", 1));

  private ModelChecks() {}

  /**
   * Checks a model.
   *
   * @throws GraphException naming the node
   */
  static void check(Model model) {
    Map<String, Inferred> known = ShapeInference.infer(model);
    for (Node node : model.graph().nodes()) {
      Integer least = OPERANDS.get(node.opType());
      if (least != null && node.domain().isEmpty()) {
        operands(node, least, known);
      }
    }
    scales(model.graph());
  }

  private static void operands(Node node, int least, Map<String, Inferred> known) {
    @Nullable DType first = null;
    for (int i = 0; i < Math.max(least, node.inputs().size()); i++) {
      String input = i < node.inputs().size() ? node.inputs().get(i) : "";
      if (input.isEmpty()) {
        if (i < least) {
          throw new GraphException(node, "input " + i + " is missing");
        }
        continue;
      }
      Inferred inferred = known.getOrDefault(input, Inferred.UNKNOWN);
      if (inferred.type() instanceof TensorType(DType type, var _)) {
        if (first != null && type != first) {
          throw new GraphException(
              node, "input '" + input + "' is of type " + type + ", the others of " + first);
        }
        first = type;
      }
    }
  }

  private static void scales(Graph graph) {
    for (Node node : graph.nodes()) {
      for (int input : SCALES.getOrDefault(node.opType(), List.of())) {
        if (input < node.inputs().size()) {
          Tensor scale = graph.initializers().get(node.inputs().get(input));
          if (scale != null) {
            check(node, node.inputs().get(input), scale);
          }
        }
      }
      for (Attribute attribute : node.attributes().values()) {
        switch (attribute) {
          case Attribute.GraphValue(Graph body) -> scales(body);
          case Attribute.Graphs(List<Graph> bodies) -> bodies.forEach(ModelChecks::scales);
          default -> {}
        }
      }
    }
  }

  private static void check(Node node, String name, Tensor scale) {
    if (!scale.dtype().isFloat()) {
      return;
    }
    for (long i = 0; i < scale.size(); i++) {
      double value = scale.getDouble(i);
      if (!Double.isFinite(value) || value < 0) {
        throw new GraphException(node, "element " + i + " of the scale '" + name + "' is " + value);
      }
    }
  }
}
