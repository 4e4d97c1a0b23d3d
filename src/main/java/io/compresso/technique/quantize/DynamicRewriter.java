package io.compresso.technique.quantize;

import io.compresso.graph.Attribute;
import io.compresso.graph.Model;
import io.compresso.graph.Node;
import io.compresso.tensor.DType;
import io.compresso.tensor.QuantParams;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Predicate;

/**
 * Quantizes layers whose ranges are found at run time. Matrix products: DynamicQuantizeLinear,
 * MatMulInteger and the scaling of its result; values that several products read are quantized
 * once. LSTM: ONNX Runtime's DynamicQuantizeLSTM; GRU and RNN: int8 weights that are dequantized.
 * ONNX Runtime's Attention: QAttention. Embeddings: rows of integers, scaled.
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
  private final Map<Node, StoredWeights> stored = new IdentityHashMap<>();
  private long floatBytes;
  private long integerBytes;

  private record Weights(String name, QuantParams params, StoredWeights stored) {}

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
    String obstacle =
        node.is("Gather")
            ? EmbeddingTable.obstacle(index, node)
            : RecurrentWeights.isRecurrent(node)
                ? RecurrentWeights.obstacle(index, node)
                : DynamicAttention.is(node)
                    ? DynamicAttention.obstacle(index, node)
                    : node.is("MatMul") || node.is("Gemm")
                        ? QuantPlanner.obstacle(index, node)
                        : "dynamic quantization does not take this operator";
    return !obstacle.isEmpty() || chosen.test(node) ? obstacle : "excluded";
  }

  /** Whether the node holds weights that this could look at. */
  boolean isCandidate(Node node) {
    return QuantPlanner.isLayer(node)
        || RecurrentWeights.isRecurrent(node)
        || DynamicAttention.is(node)
        || node.is("Gather") && index.floatConstant(node.input(0)) != null;
  }

  Model rewrite() {
    boolean contrib = false;
    for (Node node : model.graph().nodes()) {
      if (!isCandidate(node) || !obstacle(node).isEmpty()) {
        nodes.add(node);
      } else if (node.is("Gather")) {
        Tensor table = Objects.requireNonNull(index.floatConstant(node.input(0)));
        BlockWeights own = EmbeddingTable.quantize(table);
        count(table.byteSize(), own.bytes());
        stored.put(node, StoredWeights.of(own));
        nodes.addAll(EmbeddingTable.lookUp(node, own, names, constants));
      } else if (RecurrentWeights.isRecurrent(node)) {
        RecurrentWeights recurrent = new RecurrentWeights(index, quantizer, names, constants);
        nodes.addAll(recurrent.rewrite(node));
        stored.put(node, recurrent.stored());
        count(recurrent.floatBytes(), recurrent.integerBytes());
        contrib |= node.is("LSTM");
      } else if (DynamicAttention.is(node)) {
        List<String> input = inputs.computeIfAbsent(node.inputs().getFirst(), this::quantizeInput);
        Weights layer = weights(node, false);
        stored.put(node, layer.stored());
        nodes.add(
            DynamicAttention.rewrite(
                node,
                input,
                layer.name(),
                constants.scale(layer.params()),
                constants.zeroPoint(layer.params())));
        contrib = true;
      } else {
        emit(node);
      }
    }
    return RewrittenModel.of(model, nodes, constants, contrib);
  }

  private void count(long before, long after) {
    floatBytes += before;
    integerBytes += after;
  }

  private void emit(Node node) {
    boolean transposed = node.is("Gemm") && node.intAttribute("transB", 0) != 0;
    Weights layer = weights(node, transposed);
    stored.put(node, layer.stored());
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
          count(
              tensor.byteSize(),
              quantized.values().byteSize() + 5L * quantized.params().scales().length);
          String name = constants.add(names.fresh(original, "_q"), quantized.values());
          return new Weights(name, quantized.params(), StoredWeights.of(matrix, quantized));
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

  /** The weights that were quantized, by their layer. */
  Map<Node, StoredWeights> stored() {
    return stored;
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
