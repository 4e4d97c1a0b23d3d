package io.compresso.technique.quantize;

import io.compresso.graph.Annotations;
import io.compresso.graph.Attribute;
import io.compresso.graph.Model;
import io.compresso.graph.Node;
import io.compresso.technique.quantize.QuantPlan.Kind;
import io.compresso.tensor.DType;
import io.compresso.tensor.QuantParams;
import io.compresso.tensor.Tensor;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Writes the quantized graph that a plan asks for: in QDQ form, float operators between
 * DequantizeLinear and QuantizeLinear; in QOperator form, integer operators where there are any.
 * Each value has at most one quantized and one dequantized form.
 */
final class StaticRewriter {
  private final Model model;
  private final GraphIndex index;
  private final QuantPlan plan;
  private final Map<String, QuantParams> activations;
  private final LayerQuantizer layers;
  private final boolean integerOperators;
  private final Names names;
  private final QuantConstants constants;
  private final List<Node> nodes = new ArrayList<>();
  private final Map<String, String> quantized = new HashMap<>();
  private final Map<String, String> dequantized = new HashMap<>();
  private boolean contrib;

  /**
   * Prepares to rewrite.
   *
   * @param activations the quantization of each of the plan's integer values
   * @param integerOperators whether to write QOperator form
   */
  StaticRewriter(
      Model model,
      QuantPlan plan,
      Map<String, QuantParams> activations,
      LayerQuantizer layers,
      boolean integerOperators) {
    this.model = model;
    this.index = new GraphIndex(model.graph());
    this.plan = plan;
    this.activations = activations;
    this.layers = layers;
    this.integerOperators = integerOperators;
    this.names = new Names(index.names());
    this.constants = new QuantConstants(names);
  }

  /** The quantized model. */
  Model rewrite() {
    for (Node node : model.graph().nodes()) {
      if (!plan.isAbsorbed(node)) {
        emit(node);
      }
    }
    return RewrittenModel.of(model, nodes, constants, contrib);
  }

  private void emit(Node node) {
    Kind kind = plan.kind(node);
    if (kind == null) {
      nodes.add(node.mapInputs(this::real));
    } else if (!integerOperators || !emitInteger(node, kind)) {
      emitBetweenConversions(node, kind);
    }
  }

  private boolean emitInteger(Node node, Kind kind) {
    IntegerOperators.Form form = IntegerOperators.form(node, kind);
    if (form == null) {
      return false;
    }
    String output = plan.output(node);
    if (touchesWide(node, output)) {
      return false;
    }
    boolean integerOutput = plan.isInteger(output);
    QuantParams result = integerOutput ? params(output) : null;
    if (result == null && !form.floatOutput()) {
      return false;
    }
    List<String> inputs = new ArrayList<>();
    if (form.outputFirst() && result != null) {
      inputs.addAll(List.of(constants.scale(result), constants.zeroPoint(result)));
    }
    if (kind == Kind.PASS_THROUGH) {
      inputs.addAll(node.inputs());
      inputs.set(0, integer(node.inputs().getFirst()));
    } else {
      int data = kind == Kind.WEIGHTED ? 1 : QuantPlanner.dataInputs(node);
      for (int i = 0; i < data; i++) {
        addInteger(inputs, integer(node.inputs().get(i)), params(node.inputs().get(i)));
      }
    }
    String bias = null;
    if (kind == Kind.WEIGHTED) {
      LayerQuantizer.Layer layer = layers.layer(node, params(node.inputs().getFirst()));
      addInteger(inputs, weights(node, layer), layer.weightParams());
      bias = layer.bias() == null ? null : addBias(node, layer.bias());
    }
    if (bias != null && form.biasBeforeOutput()) {
      inputs.add(bias);
    } else if (form.biasBeforeOutput() && result != null) {
      inputs.add("");
    }
    if (!form.outputFirst() && kind != Kind.PASS_THROUGH && result != null) {
      inputs.addAll(List.of(constants.scale(result), constants.zeroPoint(result)));
    }
    if (bias != null && !form.biasBeforeOutput()) {
      inputs.add(bias);
    }
    List<String> outputs = new ArrayList<>();
    for (String name : kind == Kind.PASS_THROUGH ? node.outputs() : List.of(output)) {
      outputs.add(integerOutput && !name.isEmpty() ? newInteger(name) : name);
    }
    contrib |= !form.domain().isEmpty();
    nodes.add(
        new Node(
            node.name(),
            form.domain(),
            form.opType(),
            "",
            inputs,
            outputs,
            form.attributes(),
            node.annotations()));
    finish(integerOutput ? outputsOf(node, output) : List.of());
    return true;
  }

  /** Whether the node reads or gives 16 bits, which integer operators do not take. */
  private boolean touchesWide(Node node, String output) {
    return plan.isWide(output) || node.inputs().stream().anyMatch(plan::isWide);
  }

  private void addInteger(List<String> inputs, String value, QuantParams params) {
    inputs.addAll(List.of(value, constants.scale(params), constants.zeroPoint(params)));
  }

  private void emitBetweenConversions(Node node, Kind kind) {
    List<String> inputs = new ArrayList<>(node.inputs());
    int data = kind == Kind.ACTIVATION ? QuantPlanner.dataInputs(node) : 1;
    for (int i = 0; i < data; i++) {
      inputs.set(i, reduced(inputs.get(i)));
    }
    for (int i = data; i < inputs.size(); i++) {
      inputs.set(i, inputs.get(i).isEmpty() ? "" : real(inputs.get(i)));
    }
    if (kind == Kind.WEIGHTED) {
      LayerQuantizer.Layer layer = layers.layer(node, params(node.inputs().getFirst()));
      String weights = weights(node, layer);
      inputs.set(1, dequantize(weights, layer.weightParams(), names.fresh(weights, "d")));
      if (layer.bias() != null) {
        String bias = addBias(node, layer.bias());
        String real =
            layer.biasParams() == null
                ? bias
                : dequantize(bias, layer.biasParams(), names.fresh(bias, "d"));
        inputs = new ArrayList<>(List.of(inputs.get(0), inputs.get(1), real));
      }
    }
    String output = plan.output(node);
    List<String> results = outputsOf(node, output);
    if (!plan.isInteger(output)) {
      nodes.add(node.withInputs(inputs).withOutputs(results));
      return;
    }
    List<String> raw = new ArrayList<>();
    for (String name : results) {
      raw.add(index.isPinned(name) ? names.fresh(name, "_f") : name);
    }
    nodes.add(node.withInputs(inputs).withOutputs(raw));
    for (int i = 0; i < results.size(); i++) {
      if (!results.get(i).isEmpty()) {
        quantize(raw.get(i), params(results.get(i)), newInteger(results.get(i)));
      }
    }
    finish(results);
  }

  private static List<String> outputsOf(Node node, String output) {
    if (node.outputs().size() == 1) {
      return List.of(output);
    }
    return node.outputs();
  }

  /** Restores the float form of values that must keep their name. */
  private void finish(List<String> values) {
    for (String value : values) {
      if (index.isPinned(value)) {
        dequantized.put(value, dequantize(integer(value), params(value), value));
      }
    }
  }

  private String newInteger(String value) {
    String name = names.fresh(value, "_q");
    quantized.put(value, name);
    return name;
  }

  /** The value as integers. */
  private String integer(String value) {
    String known = quantized.get(value);
    if (known != null) {
      return known;
    }
    Tensor constant = index.constant(value);
    if (constant != null) {
      QuantParams params = params(value);
      Tensor values = Tensor.allocate(params.dtype(), constant.shape());
      for (long i = 0; i < constant.size(); i++) {
        values.setLong(i, params.quantize(constant.getFloat(i), 0));
      }
      return constants.add(newInteger(value), values);
    }
    String name = newInteger(value);
    quantize(value, params(value), name);
    return name;
  }

  /** The value in float, as precise as its integers. */
  private String reduced(String value) {
    String known = dequantized.get(value);
    if (known == null) {
      known = dequantize(integer(value), params(value), names.fresh(value, "_d"));
      dequantized.put(value, known);
    }
    return known;
  }

  /** The value in float, as its producer gives it. */
  private String real(String value) {
    Node producer = index.producer(value);
    boolean integers = producer != null && plan.isQuantized(producer);
    Node absorbedBy = producer != null && plan.isAbsorbed(producer) ? producer : null;
    return (integers || absorbedBy != null) && plan.isInteger(value) ? reduced(value) : value;
  }

  private void quantize(String value, QuantParams params, String result) {
    nodes.add(
        new Node(
            "",
            domain(params),
            "QuantizeLinear",
            "",
            List.of(value, constants.scale(params), constants.zeroPoint(params)),
            List.of(result),
            Map.of(),
            Annotations.NONE));
  }

  private String dequantize(String value, QuantParams params, String result) {
    Map<String, Attribute> attributes =
        params.axis().isPresent()
            ? Map.of("axis", Attribute.of((long) params.axis().getAsInt()))
            : Map.of();
    List<String> inputs = new ArrayList<>(List.of(value, constants.scale(params)));
    if (params.dtype() != DType.INT32) {
      inputs.add(constants.zeroPoint(params));
    }
    nodes.add(
        new Node(
            "",
            domain(params),
            "DequantizeLinear",
            "",
            inputs,
            List.of(result),
            attributes,
            Annotations.NONE));
    return result;
  }

  /** ONNX's own conversions take 16 bits from operator set 21 on only, ONNX Runtime's always. */
  private String domain(QuantParams params) {
    boolean wide = params.dtype() == DType.UINT16 || params.dtype() == DType.INT16;
    contrib |= wide;
    return wide ? IntegerOperators.CONTRIB : "";
  }

  private String weights(Node node, LayerQuantizer.Layer layer) {
    return constants.tensors().entrySet().stream()
        .filter(entry -> entry.getValue() == layer.weights())
        .map(Map.Entry::getKey)
        .findFirst()
        .orElseGet(() -> constants.add(names.fresh(node.inputs().get(1), "_q"), layer.weights()));
  }

  private String addBias(Node node, Tensor bias) {
    String old = Objects.requireNonNullElse(node.input(2), "b");
    return constants.add(names.fresh(old, "_q"), bias);
  }

  private QuantParams params(String value) {
    @Nullable QuantParams params = activations.get(value);
    return Objects.requireNonNull(params, () -> "no quantization for value '" + value + "'");
  }
}
