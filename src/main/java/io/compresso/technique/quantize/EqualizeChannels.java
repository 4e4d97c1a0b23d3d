package io.compresso.technique.quantize;

import io.compresso.graph.Graph;
import io.compresso.graph.Model;
import io.compresso.graph.Node;
import io.compresso.graph.Patch;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Cross-layer equalization: scales the channels between two convolutions so that the weights on
 * both sides have equal ranges, which changes nothing where only a Relu, or nothing, lies between;
 * M. Nagel et al., "Data-Free Quantization Through Weight Equalization and Bias Correction", ICCV
 * 2019. A channel's range includes its bias, so that channels whose weights are dead do not keep an
 * arbitrary scale.
 */
final class EqualizeChannels {
  private static final int ROUNDS = 40;

  private record Pair(Node first, Node second) {}

  /** Weights and bias of a layer while they are scaled. */
  private static final class Layer {
    private final Shape shape;
    private final float[] weights;
    private final float @Nullable [] bias;
    private final int groups;

    Layer(Node node, Tensor weights, @Nullable Tensor bias) {
      this.shape = weights.shape();
      this.weights = weights.toFloats();
      this.bias = bias == null ? null : bias.toFloats();
      this.groups = (int) node.intAttribute("group", 1);
    }

    int outputs() {
      return (int) shape.dim(0);
    }

    int inputs() {
      return (int) shape.dim(1) * groups;
    }

    int outputChannel(int i) {
      return i / (int) shape.size(1, shape.rank());
    }

    int inputChannel(int i) {
      int kernel = (int) shape.size(2, shape.rank());
      int column = i / kernel % (int) shape.dim(1);
      return outputChannel(i) / (outputs() / groups) * (int) shape.dim(1) + column;
    }

    float[] ranges(boolean ofInputs) {
      float[] ranges = new float[ofInputs ? inputs() : outputs()];
      for (int i = 0; i < weights.length; i++) {
        int channel = ofInputs ? inputChannel(i) : outputChannel(i);
        ranges[channel] = Math.max(ranges[channel], Math.abs(weights[i]));
      }
      return ranges;
    }
  }

  private EqualizeChannels() {}

  /** The model with equalized channels: the same function. */
  static Model equalize(Model model) {
    Graph graph = model.graph();
    GraphIndex index = new GraphIndex(graph);
    List<Pair> pairs = pairs(index);
    Map<Node, Layer> layers = new LinkedHashMap<>();
    for (Pair pair : pairs) {
      for (Node node : List.of(pair.first(), pair.second())) {
        Tensor weights = index.floatConstant(node.input(1));
        if (weights != null) {
          layers.computeIfAbsent(
              node, _ -> new Layer(node, weights, index.floatConstant(node.input(2))));
        }
      }
    }
    for (int round = 0; round < ROUNDS; round++) {
      for (Pair pair : pairs) {
        Layer first = layers.get(pair.first());
        Layer second = layers.get(pair.second());
        if (first != null && second != null) {
          balance(first, second);
        }
      }
    }
    Names names = new Names(index.names());
    Patch patch = new Patch();
    layers.forEach((node, layer) -> {
      List<String> inputs = new ArrayList<>(node.inputs());
      inputs.set(1, names.fresh(node.inputs().get(1), "_e"));
      patch.initializer(inputs.get(1), Tensor.ofFloats(layer.shape, layer.weights));
      if (layer.bias != null) {
        inputs.set(2, names.fresh(node.inputs().get(2), "_e"));
        patch.initializer(inputs.get(2), Tensor.ofFloats(Shape.of(layer.bias.length), layer.bias));
      }
      patch.replace(node, node.withInputs(inputs));
    });
    return patch.isEmpty() ? model : patch.apply(model);
  }

  private static List<Pair> pairs(GraphIndex index) {
    List<Pair> pairs = new ArrayList<>();
    for (Node first : index.graph().nodes()) {
      if (!isEqualizable(index, first)) {
        continue;
      }
      Node reader = index.onlyReader(first.outputs().getFirst());
      if (reader != null && reader.is("Relu")) {
        reader = index.onlyReader(reader.outputs().getFirst());
      }
      if (reader != null && isEqualizable(index, reader)) {
        pairs.add(new Pair(first, reader));
      }
    }
    return pairs;
  }

  private static boolean isEqualizable(GraphIndex index, Node node) {
    return node.is("Conv")
        && index.floatConstant(node.input(1)) != null
        && (node.input(2) == null || index.floatConstant(node.input(2)) != null);
  }

  private static void balance(Layer first, Layer second) {
    if (first.outputs() != second.inputs()) {
      return;
    }
    float[] before = first.ranges(false);
    for (int c = 0; first.bias != null && c < before.length; c++) {
      before[c] = Math.max(before[c], Math.abs(first.bias[c]));
    }
    float[] after = second.ranges(true);
    float[] scales = new float[before.length];
    for (int c = 0; c < scales.length; c++) {
      double scale = Math.sqrt((double) before[c] / after[c]);
      scales[c] = scale > 1e-8 && scale < 1e8 ? (float) scale : 1;
    }
    for (int i = 0; i < first.weights.length; i++) {
      first.weights[i] /= scales[first.outputChannel(i)];
    }
    if (first.bias != null) {
      for (int c = 0; c < first.bias.length; c++) {
        first.bias[c] /= scales[c];
      }
    }
    for (int i = 0; i < second.weights.length; i++) {
      second.weights[i] *= scales[second.inputChannel(i)];
    }
  }
}
