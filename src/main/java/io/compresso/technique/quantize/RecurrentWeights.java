package io.compresso.technique.quantize;

import io.compresso.graph.Annotations;
import io.compresso.graph.Attribute;
import io.compresso.graph.Node;
import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Quantizes the weights of recurrent layers: an LSTM becomes ONNX Runtime's DynamicQuantizeLSTM, of
 * GRU and RNN, for which there is no integer operator, the weights are dequantized.
 */
final class RecurrentWeights {
  private final GraphIndex index;
  private final WeightQuantizer quantizer;
  private final Names names;
  private final QuantConstants constants;
  private @Nullable StoredWeights stored;
  private long floatBytes;
  private long integerBytes;

  RecurrentWeights(
      GraphIndex index, WeightQuantizer quantizer, Names names, QuantConstants constants) {
    this.index = index;
    this.quantizer = quantizer;
    this.names = names;
    this.constants = constants;
  }

  static boolean isRecurrent(Node node) {
    return node.is("LSTM") || node.is("GRU") || node.is("RNN");
  }

  /** Why the layer is left as it is; empty when its weights can be quantized. */
  static String obstacle(GraphIndex index, Node node) {
    for (int i = 1; i <= 2; i++) {
      Tensor weights = index.floatConstant(node.input(i));
      if (weights == null || weights.shape().rank() != 3 || weights.size() == 0) {
        return "its weights are not constants of float elements";
      }
    }
    return node.is("LSTM") && node.intAttribute("layout", 0) != 0
        ? "DynamicQuantizeLSTM has no layout with the batch first"
        : "";
  }

  /** The nodes in the layer's place. */
  List<Node> rewrite(Node node) {
    return node.is("LSTM") ? lstm(node) : dequantized(node);
  }

  private List<Node> lstm(Node node) {
    List<String> inputs = new ArrayList<>(node.inputs());
    while (inputs.size() < 8) {
      inputs.add("");
    }
    for (int i = 1; i <= 2; i++) {
      Tensor weights = Objects.requireNonNull(index.floatConstant(node.input(i)));
      int directions = (int) weights.shape().dim(0);
      int rows = (int) weights.shape().dim(1);
      int depth = (int) weights.shape().dim(2);
      WeightQuantizer.Quantized quantized =
          quantizer.quantize(
              weights.toFloats(), Shape.of((long) directions * rows, depth), 0, new float[1]);
      add(StoredWeights.of(weights, quantized));
      Tensor turned = Tensor.allocate(DType.INT8, Shape.of(directions, depth, rows));
      for (int d = 0; d < directions; d++) {
        for (int r = 0; r < rows; r++) {
          for (int k = 0; k < depth; k++) {
            turned.setLong(
                ((long) d * depth + k) * rows + r,
                quantized.values().getLong(((long) d * rows + r) * depth + k));
          }
        }
      }
      float[] known = quantized.params().scales();
      boolean perChannel = known.length > 1 || directions * rows == 1;
      Shape shape = perChannel ? Shape.of(directions, rows) : Shape.of(directions);
      float[] scales = new float[(int) shape.size()];
      for (int s = 0; s < scales.length; s++) {
        scales[s] = known[perChannel ? s : 0];
      }
      String base = node.inputs().get(i);
      inputs.set(i, constants.add(names.fresh(base, "_q"), turned));
      inputs.add(constants.add(names.fresh(base, "_s"), Tensor.ofFloats(shape, scales)));
      inputs.add(constants.add(names.fresh(base, "_z"), Tensor.allocate(DType.INT8, shape)));
      floatBytes += weights.byteSize();
      integerBytes += turned.byteSize() + 5L * scales.length;
    }
    Map<String, Attribute> attributes = new LinkedHashMap<>(node.attributes());
    attributes.remove("layout");
    return List.of(
        new Node(
            node.name(),
            IntegerOperators.CONTRIB,
            "DynamicQuantizeLSTM",
            "",
            inputs,
            node.outputs(),
            attributes,
            node.annotations()));
  }

  private List<Node> dequantized(Node node) {
    List<Node> nodes = new ArrayList<>();
    List<String> inputs = new ArrayList<>(node.inputs());
    for (int i = 1; i <= 2; i++) {
      Tensor weights = Objects.requireNonNull(index.floatConstant(node.input(i)));
      WeightQuantizer.Quantized quantized =
          quantizer.quantize(weights.toFloats(), weights.shape(), 1, new float[1]);
      add(StoredWeights.of(weights, quantized));
      String base = node.inputs().get(i);
      String real = names.fresh(base, "_d");
      Map<String, Attribute> attributes =
          quantized.params().axis().isPresent() ? Map.of("axis", Attribute.of(1L)) : Map.of();
      nodes.add(
          new Node(
              "",
              "",
              "DequantizeLinear",
              "",
              List.of(
                  constants.add(names.fresh(base, "_q"), quantized.values()),
                  constants.scale(quantized.params()),
                  constants.zeroPoint(quantized.params())),
              List.of(real),
              attributes,
              Annotations.NONE));
      inputs.set(i, real);
      floatBytes += weights.byteSize();
      integerBytes += quantized.values().byteSize() + 5L * quantized.params().scales().length;
    }
    nodes.add(node.withInputs(inputs));
    return nodes;
  }

  private void add(StoredWeights more) {
    stored = stored == null ? more : stored.plus(more);
  }

  /** The weights of the input and of the state, once the layer is rewritten. */
  StoredWeights stored() {
    return Objects.requireNonNull(stored);
  }

  /** What the weights took in float. */
  long floatBytes() {
    return floatBytes;
  }

  /** What they take now. */
  long integerBytes() {
    return integerBytes;
  }
}
