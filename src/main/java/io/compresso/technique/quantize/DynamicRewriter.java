package io.compresso.technique.quantize;

import io.compresso.graph.Attribute;
import io.compresso.graph.Graph;
import io.compresso.graph.Model;
import io.compresso.graph.Node;
import io.compresso.tensor.DType;
import io.compresso.tensor.QuantParams;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;

/**
 * Quantizes matrix products whose ranges are found at run time: DynamicQuantizeLinear,
 * MatMulInteger and the scaling of its result. Values that several products read are quantized
 * once.
 */
final class DynamicRewriter {
  private final Model model;
  private final GraphIndex index;
  private final WeightQuantizer quantizer;
  private final Predicate<Node> chosen;
  private final Names names;
  private final QuantConstants constants;
  private final List<Node> nodes = new ArrayList<>();
  private final Map<String, List<String>> inputs = new HashMap<>();
  private final Map<String, Weights> weights = new HashMap<>();
  private long floatBytes;
  private long integerBytes;

  private record Weights(String name, QuantParams params) {}

  DynamicRewriter(Model model, WeightQuantizer quantizer, Predicate<Node> chosen) {
    this.model = model;
    this.index = new GraphIndex(model.graph());
    this.quantizer = quantizer;
    this.chosen = chosen;
    this.names = new Names(index.names());
    this.constants = new QuantConstants(names);
  }

  /** Why the node is not quantized; empty when it is. */
  String obstacle(Node node) {
    if (!node.is("MatMul") && !node.is("Gemm")) {
      return "dynamic quantization takes matrix products only";
    }
    String obstacle = QuantPlanner.obstacle(index, node);
    return !obstacle.isEmpty() || chosen.test(node) ? obstacle : "excluded";
  }

  Model rewrite() {
    Graph graph = model.graph();
    for (Node node : graph.nodes()) {
      if (QuantPlanner.isLayer(node) && obstacle(node).isEmpty()) {
        emit(node);
      } else {
        nodes.add(node);
      }
    }
    Map<String, Tensor> initializers = new LinkedHashMap<>(graph.initializers());
    initializers.putAll(constants.tensors());
    Set<String> read = new HashSet<>();
    graph.outputs().forEach(output -> read.add(output.name()));
    nodes.forEach(node -> read.addAll(node.inputs()));
    initializers.keySet().removeIf(name -> !read.contains(name) && !index.isPinned(name));
    return model.withGraph(
        new Graph(
            graph.name(),
            graph.inputs(),
            graph.outputs(),
            nodes,
            initializers,
            Map.of(),
            graph.annotations()));
  }

  private void emit(Node node) {
    boolean transposed = node.is("Gemm") && node.intAttribute("transB", 0) != 0;
    Weights layer = weights(node, transposed);
    List<String> input = inputs.computeIfAbsent(node.inputs().getFirst(), this::quantizeInput);
    String output = node.outputs().getFirst();
    String product = names.fresh(output, "_i");
    nodes.add(
        Node.of(
            node.name(),
            "MatMulInteger",
            List.of(input.get(0), layer.name(), input.get(2), constants.zeroPoint(layer.params())),
            List.of(product),
            Map.of()));
    String real = names.fresh(output, "_c");
    nodes.add(
        Node.of(
            "Cast",
            List.of(product),
            List.of(real),
            Map.of("to", Attribute.of((long) DType.FLOAT.code()))));
    String scale = names.fresh(output, "_s");
    nodes.add(
        Node.of(
            "Mul",
            List.of(input.get(1), constants.scale(layer.params())),
            List.of(scale),
            Map.of()));
    String bias = node.input(2);
    String scaled = bias == null ? output : names.fresh(output, "_m");
    nodes.add(Node.of("Mul", List.of(real, scale), List.of(scaled), Map.of()));
    if (bias != null) {
      nodes.add(Node.of("Add", List.of(scaled, bias), List.of(output), Map.of()));
    }
  }

  private List<String> quantizeInput(String value) {
    List<String> outputs =
        List.of(names.fresh(value, "_q"), names.fresh(value, "_s"), names.fresh(value, "_z"));
    nodes.add(Node.of("DynamicQuantizeLinear", List.of(value), outputs, Map.of()));
    return outputs;
  }

  private Weights weights(Node node, boolean transposed) {
    String original = node.inputs().get(1);
    return weights.computeIfAbsent(
        original + (transposed ? "\0t" : ""),
        _ -> {
          Tensor tensor = index.constant(original);
          if (tensor == null) {
            throw new IllegalStateException(original);
          }
          Tensor matrix = transposed ? transpose(tensor) : tensor;
          var quantized = quantizer.quantize(matrix.toFloats(), matrix.shape(), 1, new float[] {0});
          floatBytes += tensor.byteSize();
          integerBytes += quantized.values().byteSize() + 5L * quantized.params().scales().length;
          String name = constants.add(names.fresh(original, "_q"), quantized.values());
          return new Weights(name, quantized.params());
        });
  }

  private static Tensor transpose(Tensor matrix) {
    int rows = (int) matrix.shape().dim(0);
    int columns = (int) matrix.shape().dim(1);
    float[] values = matrix.toFloats();
    float[] turned = new float[values.length];
    for (int r = 0; r < rows; r++) {
      for (int c = 0; c < columns; c++) {
        turned[c * rows + r] = values[r * columns + c];
      }
    }
    return Tensor.ofFloats(Shape.of(columns, rows), turned);
  }

  /** What the weights that were quantized took in float. */
  long floatBytes() {
    return floatBytes;
  }

  /** What the quantized weights take, with their scales and zero points. */
  long integerBytes() {
    return integerBytes;
  }
}
