package io.compresso.technique.quantize;

import io.compresso.graph.Graph;
import io.compresso.graph.Model;
import io.compresso.graph.Node;
import io.compresso.graph.Patch;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Moves the size of outlier channels from activations to the weights that read them: channel {@code
 * j} of a product's input is divided by {@code max|X_j|^alpha / max|W_j|^(1-alpha)}, the weights'
 * row multiplied by it; G. Xiao et al., "SmoothQuant: Accurate and Efficient Post-Training
 * Quantization for Large Language Models", ICML 2023. The division goes into the gain and shift of
 * the normalization before, or the weights of the product before; where that is not possible, a
 * multiplication may be added. Between convolutions the same is done where asked for: with a scale
 * for each output channel, the weights before take a division without loss.
 */
final class SmoothActivations {
  /** One value that products read, and where its division can go. */
  private record Site(String value, List<Node> layers, @Nullable Divisor divisor) {}

  /** Constants, by node and input, whose channels are divided. */
  private record Divisor(List<Constant> constants) {}

  /**
   * A constant of a node.
   *
   * @param perRow elements between channels: 1 when the channels are the last axis
   * @param channels how many
   */
  private record Constant(Node node, int input, int perRow, int channels) {}

  private final Model model;
  private final GraphIndex index;
  private final List<Site> sites = new ArrayList<>();

  /**
   * Looks for sites.
   *
   * @param convolutions whether pairs of convolutions are among them
   * @param inserts whether a multiplication may be added where nothing before takes the division
   */
  SmoothActivations(Model model, boolean inserts, boolean convolutions) {
    this.model = model;
    this.index = new GraphIndex(model.graph());
    Set<String> values = new LinkedHashSet<>();
    for (Node node : model.graph().nodes()) {
      if (isProduct(node) || convolutions && isConvolution(node)) {
        values.add(node.inputs().getFirst());
      }
    }
    Set<Node> divided = Collections.newSetFromMap(new IdentityHashMap<>());
    for (String value : values) {
      List<Node> readers = index.readers(value);
      List<Node> layers = readers.stream().filter(node -> reads(node, value)).toList();
      boolean closed = layers.size() == readers.size() && !index.isPinned(value);
      boolean spatial = layers.stream().anyMatch(node -> node.is("Conv"));
      boolean alike = layers.stream().allMatch(node -> node.is("Conv") == spatial);
      Divisor divisor = closed && alike ? divisor(value, spatial) : null;
      if (divisor != null
          && divisor.constants().stream()
              .noneMatch(constant -> divided.contains(constant.node()))) {
        divisor.constants().forEach(constant -> divided.add(constant.node()));
        sites.add(new Site(value, layers, divisor));
      } else if (inserts && !spatial && index.producer(value) != null) {
        sites.add(new Site(value, layers, null));
      }
    }
  }

  private boolean isProduct(Node node) {
    return (node.is("MatMul") || node.is("Gemm")) && QuantPlanner.obstacle(index, node).isEmpty();
  }

  private boolean isConvolution(Node node) {
    return node.is("Conv") && QuantPlanner.obstacle(index, node).isEmpty();
  }

  /** Whether the node is a product whose first input, and no other, is the value. */
  private boolean reads(Node node, String value) {
    return (isProduct(node) || isConvolution(node))
        && node.inputs().getFirst().equals(value)
        && node.inputs().stream().filter(value::equals).count() == 1;
  }

  /**
   * The values whose channels' maxima are needed, each with its channel axis; empty when there is
   * nothing to do.
   */
  Map<String, Integer> values() {
    Map<String, Integer> values = new LinkedHashMap<>();
    for (Site site : sites) {
      values.put(site.value(), site.layers().getFirst().is("Conv") ? 1 : -1);
    }
    return values;
  }

  private @Nullable Divisor divisor(String value, boolean spatial) {
    Node producer = index.producer(value);
    if (producer != null && producer.is("Relu")) {
      String data = producer.inputs().getFirst();
      producer = index.onlyReader(data) == producer ? index.producer(data) : null;
    }
    if (producer == null) {
      return null;
    }
    if (spatial) {
      return isConvolution(producer) ? convolution(producer) : null;
    }
    if (producer.is("LayerNormalization")) {
      return constants(producer, List.of(1, 2), producer.input(2) == null ? 1 : 2);
    }
    if (producer.is("Add") || isProduct(producer)) {
      return producer.is("Add") ? sum(producer) : product(producer, null);
    }
    return null;
  }

  /** {@code scaled + shift}, where what is scaled ends in a constant gain or is a product. */
  private @Nullable Divisor sum(Node add) {
    for (int side = 0; side < 2; side++) {
      Constant shift = channelConstant(add, side);
      String other = add.inputs().get(1 - side);
      Node before = index.producer(other);
      if (shift == null || before == null || index.onlyReader(other) != add) {
        continue;
      }
      if (before.is("Mul")) {
        for (int gain = 0; gain < 2; gain++) {
          Constant scale = channelConstant(before, gain);
          if (scale != null && scale.channels() == shift.channels()) {
            return new Divisor(List.of(scale, shift));
          }
        }
      }
      if (before.is("MatMul") && isProduct(before)) {
        return product(before, shift);
      }
    }
    return null;
  }

  private @Nullable Divisor product(Node node, @Nullable Constant shift) {
    Tensor weights = index.floatConstant(node.input(1));
    if (weights == null) {
      return null;
    }
    boolean transposed = node.is("Gemm") && node.intAttribute("transB", 0) != 0;
    int outputs = (int) weights.shape().dim(transposed ? 0 : 1);
    int perRow = transposed ? (int) weights.shape().dim(1) : 1;
    List<Constant> constants = new ArrayList<>();
    constants.add(new Constant(node, 1, perRow, outputs));
    Tensor bias = index.floatConstant(node.input(2));
    if (bias != null) {
      constants.add(new Constant(node, 2, 1, outputs));
    }
    if (shift != null) {
      if (shift.channels() != outputs) {
        return null;
      }
      constants.add(shift);
    }
    return new Divisor(constants);
  }

  private Divisor convolution(Node node) {
    Tensor weights = Objects.requireNonNull(index.floatConstant(node.input(1)));
    int outputs = (int) weights.shape().dim(0);
    List<Constant> constants = new ArrayList<>();
    constants.add(new Constant(node, 1, (int) weights.size() / outputs, outputs));
    if (node.input(2) != null) {
      constants.add(new Constant(node, 2, 1, outputs));
    }
    return new Divisor(constants);
  }

  private @Nullable Divisor constants(Node node, List<Integer> inputs, int last) {
    List<Constant> constants = new ArrayList<>();
    for (int input : inputs) {
      if (input <= last) {
        Constant constant = channelConstant(node, input);
        if (constant == null) {
          return null;
        }
        constants.add(constant);
      }
    }
    return new Divisor(constants);
  }

  /** The node's input as a constant with one element for each channel of the last axis. */
  private @Nullable Constant channelConstant(Node node, int input) {
    Tensor tensor = index.floatConstant(node.input(input));
    return tensor != null
            && tensor.shape().rank() >= 1
            && tensor.size() == tensor.shape().dim(-1)
            && tensor.size() > 1
        ? new Constant(node, input, 1, (int) tensor.size())
        : null;
  }

  /**
   * The smoothed model: the same function.
   *
   * @param alpha how much of the activations' size moves, from 0 to 1
   */
  Model smooth(ChannelMaxima maxima, double alpha) {
    Names names = new Names(index.names());
    Map<Node, Map<Integer, Tensor>> changed = new LinkedHashMap<>();
    Map<Node, String> inputs = new IdentityHashMap<>();
    Patch patch = new Patch();
    for (Site site : sites) {
      float[] activations = maxima.of(site.value());
      float[] scales = activations == null ? null : scales(site, activations, alpha);
      if (scales == null) {
        continue;
      }
      if (site.divisor() != null) {
        for (Constant constant : site.divisor().constants()) {
          divide(changed, constant, scales);
        }
      } else {
        String name = names.fresh(site.value(), "_smooth");
        float[] inverse = new float[scales.length];
        for (int j = 0; j < inverse.length; j++) {
          inverse[j] = 1 / scales[j];
        }
        String factor = names.fresh(site.value(), "_by");
        patch.initializer(factor, Tensor.ofFloats(Shape.of(inverse.length), inverse));
        patch.add(Node.of("Mul", List.of(site.value(), factor), List.of(name), Map.of()));
        site.layers().forEach(layer -> inputs.put(layer, name));
      }
      for (Node layer : site.layers()) {
        multiply(changed, layer, scales);
      }
    }
    changed.forEach((node, tensors) -> {
      List<String> own = new ArrayList<>(node.inputs());
      tensors.forEach((input, tensor) -> {
        own.set(input, names.fresh(node.inputs().get(input), "_s"));
        patch.initializer(own.get(input), tensor);
      });
      own.set(0, inputs.getOrDefault(node, own.getFirst()));
      patch.replace(node, node.withInputs(own));
    });
    return patch.isEmpty() ? model : patch.apply(model);
  }

  private float @Nullable [] scales(Site site, float[] activations, double alpha) {
    float[] weights = new float[activations.length];
    for (Node layer : site.layers()) {
      float[] own = Objects.requireNonNull(index.floatConstant(layer.input(1))).toFloats();
      if (inputs(layer) != activations.length) {
        return null;
      }
      for (int i = 0; i < own.length; i++) {
        int j = inputChannel(layer, i);
        weights[j] = Math.max(weights[j], Math.abs(own[i]));
      }
    }
    if (site.divisor() != null
        && site.divisor().constants().stream()
            .anyMatch(constant -> constant.channels() != activations.length)) {
      return null;
    }
    float[] scales = new float[activations.length];
    for (int j = 0; j < scales.length; j++) {
      double scale = Math.pow(activations[j], alpha) / Math.pow(weights[j], 1 - alpha);
      scales[j] = scale > 1e-4 && scale < 1e4 ? (float) scale : 1;
    }
    return scales;
  }

  private void divide(Map<Node, Map<Integer, Tensor>> changed, Constant constant, float[] scales) {
    float[] values = values(changed, constant.node(), constant.input());
    for (int i = 0; i < values.length; i++) {
      values[i] /= scales[i / constant.perRow() % constant.channels()];
    }
    put(changed, constant.node(), constant.input(), values);
  }

  private void multiply(Map<Node, Map<Integer, Tensor>> changed, Node layer, float[] scales) {
    float[] values = values(changed, layer, 1);
    for (int i = 0; i < values.length; i++) {
      values[i] *= scales[inputChannel(layer, i)];
    }
    put(changed, layer, 1, values);
  }

  /** How many channels the layer's input has. */
  private int inputs(Node layer) {
    Shape shape = Objects.requireNonNull(index.floatConstant(layer.input(1))).shape();
    if (layer.is("Conv")) {
      return (int) (shape.dim(1) * layer.intAttribute("group", 1));
    }
    boolean transposed = layer.is("Gemm") && layer.intAttribute("transB", 0) != 0;
    return (int) shape.dim(transposed ? 1 : 0);
  }

  /** The channel of the layer's input that element {@code i} of its weights multiplies. */
  private int inputChannel(Node layer, int i) {
    Shape shape = Objects.requireNonNull(index.floatConstant(layer.input(1))).shape();
    int second = (int) shape.dim(1);
    if (layer.is("Conv")) {
      int kernel = (int) shape.size(2, shape.rank());
      int output = i / kernel / second;
      int perGroup = (int) (shape.dim(0) / layer.intAttribute("group", 1));
      return output / perGroup * second + i / kernel % second;
    }
    boolean transposed = layer.is("Gemm") && layer.intAttribute("transB", 0) != 0;
    return transposed ? i % second : i / second;
  }

  private float[] values(Map<Node, Map<Integer, Tensor>> changed, Node node, int input) {
    Tensor tensor = changed.getOrDefault(node, Map.of()).get(input);
    Graph graph = model.graph();
    Tensor current = tensor == null ? graph.initializers().get(node.inputs().get(input)) : tensor;
    if (current == null) {
      throw new IllegalStateException(node.label());
    }
    return current.toFloats();
  }

  private void put(Map<Node, Map<Integer, Tensor>> changed, Node node, int input, float[] values) {
    Tensor old = model.graph().initializers().get(node.inputs().get(input));
    if (old != null) {
      changed
          .computeIfAbsent(node, _ -> new LinkedHashMap<>())
          .put(input, Tensor.ofFloats(old.shape(), values));
    }
  }
}
