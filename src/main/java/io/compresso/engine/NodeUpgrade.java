package io.compresso.engine;

import io.compresso.engine.UpgradeOpset.Rewriting;
import io.compresso.graph.Attribute;
import io.compresso.graph.Dim;
import io.compresso.graph.GraphException;
import io.compresso.graph.Node;
import io.compresso.graph.ValueType.TensorType;
import io.compresso.op.Inferred;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What one node becomes in a newer version of ONNX's own operator set. Operators that are not named
 * here changed only in types and options that older models do not use.
 *
 * @param known what is known of the values, by name
 */
record NodeUpgrade(int from, int to, Map<String, Inferred> known) {
  private static final Set<String> REDUCTIONS =
      Set.of(
          "ReduceL1",
          "ReduceL2",
          "ReduceLogSum",
          "ReduceLogSumExp",
          "ReduceMax",
          "ReduceMean",
          "ReduceMin",
          "ReduceProd",
          "ReduceSumSquare");

  private @Nullable Integer rank(String value) {
    return known.getOrDefault(value, Inferred.UNKNOWN).type() instanceof TensorType type
            && type.dims() != null
        ? Integer.valueOf(type.dims().size())
        : null;
  }

  /** A scalar of the element type of the node's first input. */
  private Tensor scalar(Node node, float value) {
    String input = node.input(0);
    if (input == null
        || !(known.getOrDefault(input, Inferred.UNKNOWN).type() instanceof TensorType type)) {
      throw new GraphException(node, "the element type of its input is not known");
    }
    Tensor scalar = Tensor.allocate(type.dtype(), Shape.SCALAR);
    scalar.setDouble(0, value);
    return scalar;
  }

  /** Whether the versions lie on the two sides of a change. */
  private boolean crosses(int version) {
    return from < version && to >= version;
  }

  void rewrite(Node node, Rewriting out) {
    if (!node.domain().isEmpty()) {
      out.emit(node);
      return;
    }
    switch (node.opType()) {
      case "BatchNormalization" -> out.emit(batchNormalization(node));
      case "Dropout" -> out.emit(dropout(node, out));
      case "Upsample" -> out.emit(upsample(node, out));
      case "Resize" -> out.emit(resize(node));
      case "Slice" -> out.emit(slice(node, out));
      case "TopK" -> out.emit(topK(node, out));
      case "Clip" -> out.emit(clip(node, out));
      case "Pad" -> out.emit(pad(node, out));
      case "Softmax", "LogSoftmax", "Hardmax" -> softmax(node, out);
      case "Squeeze", "Unsqueeze", "ReduceSum" ->
          out.emit(crosses(13) ? axesToInput(node, "axes", out) : node);
      case "Split" -> out.emit(split(node, out));
      case "Scatter" -> out.emit(crosses(11) ? renamed(node, "ScatterElements") : node);
      case "Scan" -> {
        if (crosses(9)) {
          throw refused(node, "batched Scan");
        }
        out.emit(node);
      }
      case "RoiAlign" ->
          out.emit(
              crosses(16) && !node.attributes().containsKey("coordinate_transformation_mode")
                  ? node.withAttribute(
                      "coordinate_transformation_mode", Attribute.of("output_half_pixel"))
                  : node);
      case "GridSample" -> out.emit(crosses(20) ? gridSample(node) : node);
      case "GroupNormalization", "DFT" -> {
        if (crosses(node.opType().equals("DFT") ? 20 : 21)) {
          throw refused(node, "its older form");
        }
        out.emit(node);
      }
      default ->
          out.emit(
              REDUCTIONS.contains(node.opType()) && crosses(18)
                  ? axesToInput(node, "axes", out)
                  : node);
    }
  }

  private GraphException refused(Node node, String what) {
    return new GraphException(
        node, what + " of operator set " + from + " has no equal in operator set " + to);
  }

  /** The node with an attribute of ints turned into an input, the last one. */
  private static Node axesToInput(Node node, String attribute, Rewriting out) {
    long[] values = node.intsAttribute(attribute);
    if (values == null) {
      return node;
    }
    String input = out.constant(attribute, Tensor.ofLongs(Shape.of(values.length), values));
    return without(node.withInputs(with(node.inputs(), input)), attribute);
  }

  private static List<String> with(List<String> inputs, String... more) {
    List<String> result = new ArrayList<>(inputs);
    result.addAll(List.of(more));
    while (!result.isEmpty() && result.getLast().isEmpty()) {
      result.removeLast();
    }
    return result;
  }

  private static Node without(Node node, String... attributes) {
    Map<String, Attribute> rest = new LinkedHashMap<>(node.attributes());
    for (String attribute : attributes) {
      rest.remove(attribute);
    }
    return rebuilt(node, node.opType(), rest);
  }

  private static Node renamed(Node node, String opType) {
    return rebuilt(node, opType, node.attributes());
  }

  private static Node rebuilt(Node node, String opType, Map<String, Attribute> attributes) {
    return new Node(
        node.name(),
        node.domain(),
        opType,
        node.overload(),
        node.inputs(),
        node.outputs(),
        attributes,
        node.annotations());
  }

  private Node batchNormalization(Node node) {
    if (crosses(9) && node.intAttribute("spatial", 1) != 1) {
      throw refused(node, "normalization that is not spatial");
    }
    Node result = crosses(9) ? without(node, "spatial") : node;
    if (crosses(14) && result.outputs().size() > 1) {
      if (result.outputs().stream().skip(1).anyMatch(name -> !name.isEmpty())) {
        throw refused(node, "training");
      }
      result = result.withOutputs(result.outputs().subList(0, 1));
    }
    return result;
  }

  private Node dropout(Node node, Rewriting out) {
    if (!crosses(12)) {
      return node;
    }
    if (node.output(1) != null && crosses(10)) {
      throw refused(node, "a mask of floats");
    }
    String ratio = out.constant("ratio", Tensor.scalar(node.floatAttribute("ratio", 0.5f)));
    return without(node.withInputs(with(node.inputs(), ratio)), "ratio");
  }

  private Node upsample(Node node, Rewriting out) {
    List<String> inputs = new ArrayList<>(node.inputs());
    Attribute scales = node.attributes().get("scales");
    if (scales instanceof Attribute.Floats(List<Float> values)) {
      float[] floats = new float[values.size()];
      for (int i = 0; i < floats.length; i++) {
        floats[i] = values.get(i);
      }
      inputs.add(out.constant("scales", Tensor.ofFloats(Shape.of(floats.length), floats)));
    }
    if (inputs.size() != 2) {
      throw new GraphException(node, "has no scales");
    }
    inputs.add(1, "");
    return asymmetric(without(renamed(node, "Resize"), "scales").withInputs(inputs));
  }

  private Node resize(Node node) {
    if (!crosses(11)) {
      return node;
    }
    List<String> inputs = new ArrayList<>(node.inputs());
    inputs.add(1, "");
    Node result = asymmetric(node.withInputs(inputs));
    if (!node.stringAttribute("mode", "nearest").equals("nearest") || !compares(node, -1)) {
      return result;
    }
    if (compares(node, 1)) {
      throw refused(node, "making some axes smaller and others larger by nearest elements");
    }
    return result.withAttribute("nearest_mode", Attribute.of("ceil"));
  }

  /** Whether an axis of output 0 is known to be larger (1) or smaller (-1) than that of input 0. */
  private boolean compares(Node node, int sign) {
    List<Dim> x = dims(node.input(0));
    List<Dim> y = dims(node.output(0));
    for (int axis = 0; x != null && y != null && axis < Math.min(x.size(), y.size()); axis++) {
      Long before = x.get(axis).sizeOrNull();
      Long after = y.get(axis).sizeOrNull();
      if (before != null && after != null && Long.signum(after - before) == sign) {
        return true;
      }
    }
    return false;
  }

  private @Nullable List<Dim> dims(@Nullable String value) {
    return value != null
            && known.getOrDefault(value, Inferred.UNKNOWN).type() instanceof TensorType type
        ? type.dims()
        : null;
  }

  /** How upsampling was computed before there was a choice. */
  private static Node asymmetric(Node node) {
    return node.withAttribute("coordinate_transformation_mode", Attribute.of("asymmetric"))
        .withAttribute("nearest_mode", Attribute.of("floor"));
  }

  private Node slice(Node node, Rewriting out) {
    if (!crosses(10)) {
      return node;
    }
    long[] starts = node.intsAttribute("starts", new long[0]);
    long[] ends = node.intsAttribute("ends", new long[0]);
    long[] axes = node.intsAttribute("axes");
    List<String> inputs =
        with(
            node.inputs(),
            out.constant("starts", Tensor.ofLongs(Shape.of(starts.length), starts)),
            out.constant("ends", Tensor.ofLongs(Shape.of(ends.length), ends)),
            axes == null ? "" : out.constant("axes", Tensor.ofLongs(Shape.of(axes.length), axes)));
    return without(node.withInputs(inputs), "starts", "ends", "axes");
  }

  private Node topK(Node node, Rewriting out) {
    if (!crosses(10)) {
      return node;
    }
    String k = out.constant("k", Tensor.ofLongs(Shape.of(1), node.intAttribute("k", 1)));
    return without(node.withInputs(with(node.inputs(), k)), "k");
  }

  private Node clip(Node node, Rewriting out) {
    if (!crosses(11)) {
      return node;
    }
    String min = clipBound(node, "min", out);
    String max = clipBound(node, "max", out);
    return without(node.withInputs(with(node.inputs(), min, max)), "min", "max");
  }

  private String clipBound(Node node, String attribute, Rewriting out) {
    if (!node.attributes().containsKey(attribute)) {
      return "";
    }
    return out.constant(attribute, scalar(node, node.floatAttribute(attribute, 0)));
  }

  private Node pad(Node node, Rewriting out) {
    if (!crosses(11)) {
      return node;
    }
    long[] pads = node.intsAttribute("pads", new long[0]);
    boolean constant = node.stringAttribute("mode", "constant").equals("constant");
    List<String> inputs =
        with(
            node.inputs(),
            out.constant("pads", Tensor.ofLongs(Shape.of(pads.length), pads)),
            constant && node.attributes().containsKey("value")
                ? out.constant("value", scalar(node, node.floatAttribute("value", 0)))
                : "");
    return without(node.withInputs(inputs), "pads", "value");
  }

  private Node split(Node node, Rewriting out) {
    Node result = crosses(13) ? axesToInput(node, "split", out) : node;
    boolean even = result.input(1) == null;
    return crosses(18) && even
        ? result.withAttribute("num_outputs", Attribute.of(node.outputs().size()))
        : result;
  }

  private static Node gridSample(Node node) {
    String mode = node.stringAttribute("mode", "bilinear");
    return node.withAttribute(
        "mode",
        Attribute.of(
            switch (mode) {
              case "bilinear" -> "linear";
              case "bicubic" -> "cubic";
              default -> mode;
            }));
  }

  /**
   * Before version 13 the data were taken as a matrix: the axes before {@code axis} its rows, the
   * others its columns.
   */
  private void softmax(Node node, Rewriting out) {
    if (!crosses(13)) {
      out.emit(node);
      return;
    }
    long axis = node.intAttribute("axis", 1);
    String input = node.input(0);
    Integer rank = input == null ? null : rank(input);
    if (input == null || axis == -1 || rank != null && (axis == rank - 1 || rank == 1)) {
      out.emit(node.withAttribute("axis", Attribute.of(-1)));
      return;
    }
    String base = node.outputs().getFirst();
    String shape = out.name(base + "_shape");
    String rows = out.name(base + "_rows");
    String result = out.name(base + "_result");
    out.emit(Node.of("Shape", List.of(input), List.of(shape), Map.of()));
    out.emit(Node.of("Flatten", List.of(input), List.of(rows), Map.of("axis", Attribute.of(axis))));
    out.emit(
        node.withInputs(List.of(rows))
            .withOutputs(List.of(result))
            .withAttribute("axis", Attribute.of(-1)));
    out.emit(Node.of("Reshape", List.of(result, shape), List.of(base), Map.of()));
  }
}
