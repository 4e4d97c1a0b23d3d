package io.compresso.technique.quantize;

import io.compresso.graph.Node;
import io.compresso.tensor.DType;
import io.compresso.tensor.QuantParams;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalInt;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Quantizes the weights and biases of layers; weights that layers share stay shared. */
final class LayerQuantizer {
  /** A bias may take up to this magnitude, which leaves as much for the products. */
  private static final double LARGEST_BIAS = 1 << 30;

  private final GraphIndex index;
  private final WeightStore store;
  private final @Nullable ChannelMeans means;
  private final Set<WeightStore.Key> counted = new HashSet<>();
  private final Map<String, StoredWeights> stored = new HashMap<>();
  private long floatBytes;
  private long integerBytes;

  /**
   * Quantizes layers.
   *
   * @param means of the layers' inputs, to correct biases by; null to leave them
   */
  LayerQuantizer(GraphIndex index, WeightStore store, @Nullable ChannelMeans means) {
    this.index = index;
    this.store = store;
    this.means = means;
  }

  /**
   * The quantized constants of a layer. The bias is null when it has none; it is in float, without
   * parameters, when the input has 16 bits, of which 32-bit sums of products have no room for one.
   */
  record Layer(
      Tensor weights,
      QuantParams weightParams,
      @Nullable Tensor bias,
      @Nullable QuantParams biasParams) {}

  /** The layer of {@code node}, whose input is quantized as {@code input}. */
  Layer layer(Node node, QuantParams input) {
    Tensor weights = Objects.requireNonNull(index.constant(node.inputs().get(1)));
    Tensor own = index.constant(node.input(2));
    float[] bias = own == null ? null : own.toFloats();
    int axis = channelAxis(node);
    int channels = (int) weights.shape().dim(axis);
    float[] smallest =
        smallestScales(input.dtype().bits() > 8 ? null : bias, channels, input.scales()[0]);
    WeightStore.Key key = new WeightStore.Key(node.inputs().get(1), axis, smallest);
    WeightQuantizer.Quantized quantized = store.get(node, weights, key);
    stored.put(node.outputs().getFirst(), StoredWeights.of(weights, quantized));
    if (counted.add(key)) {
      floatBytes += weights.byteSize();
      integerBytes += quantized.values().byteSize() + 5L * quantized.params().scales().length;
    }
    float[] inputMeans = means == null ? null : means.means(node.inputs().getFirst());
    if (inputMeans != null && !node.is("MatMul")) {
      float[] shift = BiasCorrection.shift(node, weights, quantized, inputMeans);
      bias = bias == null ? new float[shift.length] : bias;
      for (int c = 0; c < bias.length; c++) {
        bias[c] -= shift[c];
      }
    }
    if (bias == null) {
      return new Layer(quantized.values(), quantized.params(), null, null);
    }
    if (input.dtype().bits() > 8) {
      Tensor real = Tensor.ofFloats(Shape.of(bias.length), bias);
      return new Layer(quantized.values(), quantized.params(), real, null);
    }
    QuantParams biasParams = biasParams(bias.length, input.scales()[0], quantized.params());
    int[] values = new int[bias.length];
    for (int c = 0; c < bias.length; c++) {
      float scale = biasParams.scales()[biasParams.scales().length == 1 ? 0 : c];
      values[c] = (int) Math.rint(bias[c] / (double) scale);
    }
    return new Layer(
        quantized.values(),
        quantized.params(),
        Tensor.ofInts(Shape.of(bias.length), values),
        biasParams);
  }

  private float[] smallestScales(float @Nullable [] bias, int channels, float inputScale) {
    float[] smallest = new float[store.perChannel() ? channels : 1];
    Arrays.fill(smallest, (float) Math.min(1, 2.0 * Float.MIN_NORMAL / inputScale));
    if (bias != null) {
      for (int c = 0; c < bias.length; c++) {
        double needed = Math.abs((double) bias[c]) / inputScale / LARGEST_BIAS;
        int at = c % smallest.length;
        smallest[at] = Math.max(smallest[at], (float) needed);
      }
    }
    return smallest;
  }

  private static QuantParams biasParams(int size, float inputScale, QuantParams weights) {
    if (weights.axis().isEmpty()) {
      return QuantParams.perTensor(DType.INT32, Range.usable(inputScale * weights.scales()[0]), 0);
    }
    float[] scales = new float[size];
    for (int c = 0; c < size; c++) {
      scales[c] = Range.usable(inputScale * weights.scales()[c % weights.scales().length]);
    }
    return new QuantParams(DType.INT32, scales, new int[size], OptionalInt.of(0));
  }

  /** The axis of the output channels in the layer's weights. */
  static int channelAxis(Node node) {
    return switch (node.opType()) {
      case "Conv" -> 0;
      case "Gemm" -> node.intAttribute("transB", 0) == 0 ? 1 : 0;
      default -> 1;
    };
  }

  /** The weights of the layers, by their first output. */
  Map<String, StoredWeights> stored() {
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
