package io.compresso.technique;

import io.compresso.engine.ShapeInference;
import io.compresso.evaluate.ModelCost;
import io.compresso.graph.Attribute;
import io.compresso.graph.Dim;
import io.compresso.graph.Graph;
import io.compresso.graph.GraphException;
import io.compresso.graph.Model;
import io.compresso.graph.Node;
import io.compresso.graph.ValueInfo;
import io.compresso.graph.ValueType.TensorType;
import io.compresso.op.Inferred;
import io.compresso.technique.Advice.Kind;
import io.compresso.technique.Advice.Profile;
import io.compresso.technique.Roofline.Work;
import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What one inference of a model has to do, operator by operator. Sizes that the model leaves open
 * are assumed, and operators of subgraphs count once, with the size of their weights.
 */
final class Workload {
  private static final Set<String> RECURRENT = Set.of("LSTM", "GRU", "RNN");
  private static final Set<String> QUANTIZED =
      Set.of(
          "DequantizeLinear",
          "QLinearConv",
          "QLinearMatMul",
          "MatMulInteger",
          "ConvInteger",
          "DynamicQuantizeLSTM",
          "MatMulNBits");
  private static final Set<String> FUSED_PRODUCTS = Set.of("Attention", "MultiHeadAttention");
  private static final Set<String> PRODUCTS =
      Set.of("Conv", "ConvTranspose", "MatMul", "Gemm", "LSTM", "GRU", "RNN", "Attention");
  private static final int IMAGE_SIDE = 224;
  private static final int SEQUENCE = 128;

  private final Model model;
  private final Map<String, Shape> shapes = new HashMap<>();
  private final List<String> assumptions = new ArrayList<>();
  private final List<Layer> layers = new ArrayList<>();

  /** What kind of work an operator is. */
  enum Group {
    CONV,
    DEPTHWISE,
    MATMUL,
    ATTENTION,
    RECURRENT,
    OTHER
  }

  /**
   * One operator, in the order of the graph; those of subgraphs behind the operator that has them.
   */
  record Layer(Group group, Work work) {}

  private Workload(Model model) {
    this.model = model;
  }

  /** The work of a sound model. */
  static Workload of(Model model) {
    Workload workload = new Workload(model);
    workload.inferShapes();
    workload.addLayers();
    return workload;
  }

  /** The operators. */
  List<Layer> layers() {
    return layers;
  }

  /** What the figures rest on that the model does not say. */
  List<String> assumptions() {
    return assumptions;
  }

  private void addLayers() {
    Map<String, Long> macs = new HashMap<>();
    for (ModelCost.NodeCost cost : ModelCost.of(model.graph(), shapes).nodes()) {
      macs.merge(cost.node(), cost.macs(), Math::max);
    }
    for (Node node : model.graph().nodes()) {
      layers.add(layer(node, model.graph(), macs.getOrDefault(node.label(), 0L)));
      bodies(node).forEach(this::addBody);
    }
  }

  private void inferShapes() {
    Graph graph = model.graph();
    graph.initializers().forEach((name, tensor) -> shapes.put(name, tensor.shape()));
    try {
      ShapeInference.infer(fixed(model)).forEach((name, value) -> note(name, value));
    } catch (GraphException e) {
      assumptions.add("not all shapes can be told, so that estimates are rough: " + e.getMessage());
    }
  }

  private void note(String name, Inferred value) {
    if (value.type() instanceof TensorType type) {
      Shape shape = type.shapeOrNull();
      if (shape != null) {
        shapes.putIfAbsent(name, shape);
      }
    }
  }

  /** The model with sizes in place of its inputs' names for them. */
  private Model fixed(Model given) {
    List<ValueInfo> inputs = new ArrayList<>();
    Map<String, Long> sizes = new LinkedHashMap<>();
    for (ValueInfo input : given.graph().inputs()) {
      inputs.add(
          input.type() instanceof TensorType(DType dtype, List<Dim> dims) && dims != null
              ? new ValueInfo(
                  input.name(),
                  new TensorType(dtype, fixed(dims, dtype, sizes)),
                  input.annotations())
              : input);
    }
    if (!sizes.isEmpty()) {
      assumptions.add("estimates are for one inference with " + sizes);
    }
    Graph graph = given.graph();
    return given.withGraph(
        new Graph(
            graph.name(),
            inputs,
            graph.outputs(),
            graph.nodes(),
            graph.initializers(),
            Map.of(),
            graph.annotations()));
  }

  private static List<Dim> fixed(List<Dim> dims, DType dtype, Map<String, Long> sizes) {
    List<Dim> result = new ArrayList<>();
    for (int axis = 0; axis < dims.size(); axis++) {
      Dim dim = dims.get(axis);
      if (dim.sizeOrNull() != null) {
        result.add(dim);
        continue;
      }
      boolean image = dims.size() == 4 && dtype.isFloat();
      long size = axis == 0 ? 1 : image ? (axis == 1 ? 3 : IMAGE_SIDE) : SEQUENCE;
      String name = dim instanceof Dim.Symbol(String symbol) ? symbol : "?";
      result.add(Dim.of(sizes.computeIfAbsent(name.equals("?") ? "? = " + size : name, _ -> size)));
    }
    return result;
  }

  /** Of the nodes of a subgraph no shapes are known: each weight is counted once. */
  private void addBody(Graph body) {
    for (Node node : body.nodes()) {
      Tensor constant = constantOperand(node, body);
      long macs = constant != null && PRODUCTS.contains(node.opType()) ? constant.size() : 0;
      layers.add(layer(node, body, macs));
      bodies(node).forEach(this::addBody);
    }
  }

  private static List<Graph> bodies(Node node) {
    List<Graph> bodies = new ArrayList<>();
    for (Attribute attribute : node.attributes().values()) {
      switch (attribute) {
        case Attribute.GraphValue(Graph body) -> bodies.add(body);
        case Attribute.Graphs(List<Graph> graphs) -> bodies.addAll(graphs);
        default -> {}
      }
    }
    return bodies;
  }

  private Layer layer(Node node, Graph graph, long known) {
    Tensor constant = constantOperand(node, graph);
    long macs =
        known == 0 && constant != null && FUSED_PRODUCTS.contains(node.opType())
            ? constant.size() * SEQUENCE
            : known;
    long weights = constant == null ? 0 : constant.size();
    long activations = 0;
    for (String name : node.inputs()) {
      if (weight(graph, name) == null) {
        activations += size(name);
      }
    }
    for (String name : node.outputs()) {
      activations += size(name);
    }
    Group group = group(node, constant, macs);
    if (group == Group.RECURRENT) {
      weights = weight(graph, node.inputs().get(1)) == null ? 0 : macs;
    }
    return new Layer(group, new Work(macs, weights, activations, group == Group.DEPTHWISE));
  }

  private long size(String name) {
    Shape shape = shapes.get(name);
    return shape == null ? 0 : shape.size();
  }

  private @Nullable Tensor weight(Graph graph, String name) {
    Tensor own = graph.initializers().get(name);
    return own != null ? own : model.graph().initializers().get(name);
  }

  private @Nullable Tensor constantOperand(Node node, Graph graph) {
    Tensor largest = null;
    for (String name : node.inputs()) {
      Tensor tensor = weight(graph, name);
      if (tensor != null && (largest == null || tensor.size() > largest.size())) {
        largest = tensor;
      }
    }
    return largest;
  }

  private static Group group(Node node, @Nullable Tensor constant, long macs) {
    String type = node.opType();
    if (RECURRENT.contains(type)) {
      return Group.RECURRENT;
    }
    if (type.equals("Conv") || type.equals("ConvTranspose")) {
      return constant != null
              && constant.shape().rank() > 1
              && constant.shape().dim(1) == 1
              && node.intAttribute("group", 1) > 1
          ? Group.DEPTHWISE
          : Group.CONV;
    }
    if (macs == 0) {
      return Group.OTHER;
    }
    return constant == null || FUSED_PRODUCTS.contains(type) ? Group.ATTENTION : Group.MATMUL;
  }

  /** The model in figures. */
  Profile profile() {
    Map<Group, Long> macs = new LinkedHashMap<>();
    long total = 0;
    long depthwise = 0;
    long convolutions = 0;
    for (Layer layer : layers) {
      macs.merge(layer.group(), layer.work().macs(), Long::sum);
      total += layer.work().macs();
      depthwise += layer.group() == Group.DEPTHWISE ? 1 : 0;
      convolutions += layer.group() == Group.CONV || layer.group() == Group.DEPTHWISE ? 1 : 0;
    }
    Map<String, Double> shares = new LinkedHashMap<>();
    for (Map.Entry<Group, Long> group : macs.entrySet()) {
      if (group.getValue() > 0) {
        shares.put(
            group.getKey().name().toLowerCase(Locale.ROOT),
            group.getValue() / (double) Math.max(1, total));
      }
    }
    long parameters = 0;
    long bytes = 0;
    for (Tensor weight : model.graph().initializers().values()) {
      if (weight.dtype().isFloat()) {
        parameters += weight.size();
        bytes += weight.byteSize();
      }
    }
    boolean quantized =
        model.graph().nodes().stream().anyMatch(node -> QUANTIZED.contains(node.opType()));
    return new Profile(
        kind(macs, depthwise, convolutions, total), parameters, bytes, total, shares, quantized);
  }

  private static Kind kind(Map<Group, Long> macs, long depthwise, long convolutions, long total) {
    long conv = macs.getOrDefault(Group.CONV, 0L) + macs.getOrDefault(Group.DEPTHWISE, 0L);
    long recurrent = macs.getOrDefault(Group.RECURRENT, 0L);
    long attention = macs.getOrDefault(Group.ATTENTION, 0L);
    long dense = macs.getOrDefault(Group.MATMUL, 0L);
    if (total == 0) {
      return Kind.OTHER;
    }
    if (recurrent >= conv && recurrent >= dense) {
      return Kind.RECURRENT;
    }
    if (conv >= dense + attention) {
      return 3 * depthwise >= convolutions ? Kind.DEPTHWISE : Kind.CONVOLUTIONAL;
    }
    return attention > 0 ? Kind.TRANSFORMER : Kind.DENSE;
  }
}
