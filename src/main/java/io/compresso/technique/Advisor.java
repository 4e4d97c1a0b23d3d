package io.compresso.technique;

import static java.util.Map.entry;

import io.compresso.data.Binding;
import io.compresso.data.DataException;
import io.compresso.data.DatasetSchema;
import io.compresso.engine.ShapeInference;
import io.compresso.evaluate.EngineRunner;
import io.compresso.evaluate.ModelCost;
import io.compresso.evaluate.Target;
import io.compresso.graph.Attribute;
import io.compresso.graph.Dim;
import io.compresso.graph.Graph;
import io.compresso.graph.GraphException;
import io.compresso.graph.Model;
import io.compresso.graph.Node;
import io.compresso.graph.ValueInfo;
import io.compresso.graph.ValueType.TensorType;
import io.compresso.op.Inferred;
import io.compresso.technique.Advice.Expectation;
import io.compresso.technique.Advice.Kind;
import io.compresso.technique.Advice.Profile;
import io.compresso.technique.Advice.Recommendation;
import io.compresso.technique.Roofline.Precision;
import io.compresso.technique.Roofline.Work;
import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Says which technique to try first, from the graph, the data that is there and the target: static
 * quantization where convolutions dominate and there is data, dynamic quantization for recurrent
 * layers and transformers, weights alone where reading them is what takes the time.
 */
public final class Advisor {
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
  private static final long LARGE_WEIGHTS = 8 << 20;
  private static final long SMALL_MACS = 200_000;
  private static final int IMAGE_SIDE = 224;
  private static final int SEQUENCE = 128;

  private final Model model;
  private final Facts facts;
  private final String target;
  private final Map<String, Shape> shapes = new HashMap<>();
  private final List<String> notes = new ArrayList<>();
  private final List<Layer> layers = new ArrayList<>();

  /**
   * What is there beside the model.
   *
   * @param calibration whether there is data that fits the model's inputs
   * @param labels whether it has labels that fit its outputs
   */
  public record Facts(boolean calibration, boolean labels) {
    /** Nothing but the model. */
    public static final Facts NONE = new Facts(false, false);

    /** What one of the data sets gives. */
    public static Facts of(Model model, List<DatasetSchema> schemas) {
      Facts best = NONE;
      for (DatasetSchema schema : schemas) {
        if (binds(model, schema)) {
          boolean labels = schema.label() != null && LabelCheck.fits(model, schema.label());
          best = new Facts(true, best.labels() || labels);
        }
      }
      return best;
    }

    private static boolean binds(Model model, DatasetSchema schema) {
      try {
        Binding _ = Binding.of(schema, EngineRunner.inputsOf(model.graph()), Map.of());
        return true;
      } catch (DataException | GraphException _) {
        return false;
      }
    }
  }

  private enum Group {
    CONV,
    DEPTHWISE,
    MATMUL,
    ATTENTION,
    RECURRENT,
    OTHER
  }

  private record Layer(Group group, Work work) {}

  private Advisor(Model model, Facts facts, String target) {
    this.model = model;
    this.facts = facts;
    this.target = target;
  }

  /**
   * The advice for a sound model.
   *
   * @param target a level of {@link Target#known()}, or {@code auto} for this host
   * @throws IllegalArgumentException if there is no such target
   */
  public static Advice advise(Model model, Facts facts, String target) {
    if (!target.equals(Target.AUTO) && !Target.known().contains(target)) {
      throw new IllegalArgumentException(
          "unknown target '%s'; known are %s and %s"
              .formatted(target, Target.AUTO, String.join(", ", Target.known())));
    }
    String level = target.equals(Target.AUTO) ? Target.host().id() : target;
    return new Advisor(model, facts, level).advise();
  }

  private Advice advise() {
    inferShapes();
    Map<String, Long> macs = new HashMap<>();
    for (ModelCost.NodeCost cost : ModelCost.of(model.graph(), shapes).nodes()) {
      macs.merge(cost.node(), cost.macs(), Math::max);
    }
    for (Node node : model.graph().nodes()) {
      layers.add(layer(node, model.graph(), macs.getOrDefault(node.label(), 0L)));
      for (Graph body : bodies(node)) {
        addBody(body);
      }
    }
    Profile profile = profile();
    List<Recommendation> recommendations = profile.quantized() ? List.of() : recommend(profile);
    if (profile.quantized()) {
      notes.add("the model is quantized already: start from the one that it was made from");
    } else if (profile.macs() < SMALL_MACS) {
      notes.add(
          "one inference is only %,d multiply-accumulates: overhead outweighs what int8 saves, so"
                  .formatted(profile.macs())
              + " expect a smaller file rather than more speed");
    }
    notes.add("sizes and speeds are estimates for %s; a job measures them".formatted(target));
    return new Advice(target, profile, recommendations, List.copyOf(notes));
  }

  private void inferShapes() {
    Graph graph = model.graph();
    graph.initializers().forEach((name, tensor) -> shapes.put(name, tensor.shape()));
    try {
      ShapeInference.infer(fixed(model)).forEach((name, value) -> note(name, value));
    } catch (GraphException e) {
      notes.add("not all shapes can be told, so that estimates are rough: " + e.getMessage());
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
      notes.add("estimates are for one inference with " + sizes);
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

  private Profile profile() {
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

  private List<Recommendation> recommend(Profile profile) {
    List<Recommendation> first =
        switch (profile.kind()) {
          case CONVOLUTIONAL ->
              List.of(
                  staticInt8(
                      Map.of(),
                      "convolutions are %s of the arithmetic, and only static quantization keeps"
                          + " int8 between them",
                      profile,
                      "conv"));
          case DEPTHWISE ->
              List.of(
                  staticInt8(
                      Map.of("weights", Map.of("perChannel", true, "equalize", true)),
                      "depthwise filters differ widely from channel to channel: scales per channel"
                          + " and equalized ranges keep them apart (convolutions: %s)",
                      profile,
                      "conv"));
          case TRANSFORMER ->
              List.of(
                  dynamicInt8(
                      "products with constant weights are %s of the arithmetic; activations of"
                          + " transformers have outliers, which ranges found for each inference"
                          + " survive best",
                      profile, "matmul"),
                  staticInt8(
                      Map.of("exclude", List.of("auto")),
                      "faster than dynamic where its accuracy holds (products: %s): no range is"
                          + " looked for at run time, and SmoothQuant moves outliers into the"
                          + " weights",
                      profile,
                      "matmul"));
          case RECURRENT ->
              List.of(
                  dynamicInt8(
                      "recurrent layers are %s of the arithmetic and read all their weights in"
                          + " every step",
                      profile, "recurrent"));
          case DENSE ->
              List.of(
                  dynamicInt8(
                      "products with constant weights are %s of the arithmetic, and no data is"
                          + " needed",
                      profile, "matmul"),
                  staticInt8(
                      Map.of(),
                      "int8 from the first layer to the last (products: %s)",
                      profile,
                      "matmul"));
          case OTHER -> List.of();
        };
    List<Recommendation> all = new ArrayList<>(first);
    if (profile.weightBytes() > LARGE_WEIGHTS && profile.shares().containsKey("matmul")) {
      all.add(weightOnly(profile));
    }
    if (profile.macs() > 0) {
      all.add(half(profile));
    }
    return all.stream()
        .sorted(Comparator.comparing(recommendation -> !recommendation.needs().isEmpty()))
        .toList();
  }

  private Recommendation weightOnly(Profile profile) {
    return new Recommendation(
        "4-bit weights",
        Map.of("quantize", Map.of("mode", "weight-only", "weights", Map.of("bits", 4))),
        List.of(
            "the weights of matrix products take %,d bytes, of which one inference of a small batch"
                    .formatted(profile.weightBytes())
                + " reads every one; activations stay in floats"),
        List.of(),
        expectation(Map.of(Group.MATMUL, Precision.WEIGHTS_INT4), profile));
  }

  private Recommendation half(Profile profile) {
    Map<Group, Precision> halves = new HashMap<>();
    for (Group group : Group.values()) {
      halves.put(group, Precision.FP16);
    }
    return new Recommendation(
        "half precision",
        Map.of("quantize", Map.of("mode", "fp16")),
        List.of("half the size with hardly any loss, where int8 costs too much accuracy"),
        List.of(),
        expectation(halves, profile));
  }

  private Recommendation staticInt8(
      Map<String, Object> more, String reason, Profile profile, String share) {
    Map<String, Object> parameters = new LinkedHashMap<>();
    parameters.put("mode", "static");
    parameters.putAll(more);
    List<String> reasons = new ArrayList<>();
    reasons.add(reason.formatted(percent(profile, share)));
    if (!facts.labels()) {
      reasons.add("without labels only the agreement with the parent is measured, not accuracy");
    }
    return new Recommendation(
        "static int8",
        Map.of("quantize", parameters),
        reasons,
        facts.calibration()
            ? List.of()
            : List.of("100 to 500 examples of the model's inputs as calibration data"),
        expectation(
            Map.ofEntries(
                entry(Group.CONV, Precision.INT8),
                entry(Group.DEPTHWISE, Precision.INT8),
                entry(Group.MATMUL, Precision.INT8),
                entry(Group.ATTENTION, Precision.INT8),
                entry(Group.OTHER, Precision.INT8)),
            profile));
  }

  private Recommendation dynamicInt8(String reason, Profile profile, String share) {
    return new Recommendation(
        "dynamic int8",
        Map.of("quantize", Map.of("mode", "dynamic")),
        List.of(reason.formatted(percent(profile, share)), "needs no data"),
        List.of(),
        expectation(
            Map.of(Group.MATMUL, Precision.DYNAMIC_INT8, Group.RECURRENT, Precision.DYNAMIC_INT8),
            profile));
  }

  private static String percent(Profile profile, String share) {
    double part = profile.shares().getOrDefault(share, 0.0);
    if (share.equals("conv")) {
      part += profile.shares().getOrDefault("depthwise", 0.0);
    }
    return String.format(Locale.ROOT, "%.0f %%", 100 * part);
  }

  private @Nullable Expectation expectation(Map<Group, Precision> precisions, Profile profile) {
    Roofline roofline = new Roofline(target);
    double before = 0;
    double after = 0;
    double bytes = profile.weightBytes();
    for (Layer layer : layers) {
      Precision precision = precisions.getOrDefault(layer.group(), Precision.FP32);
      before += roofline.cycles(layer.work(), Precision.FP32);
      after += roofline.cycles(layer.work(), precision);
      bytes -= layer.work().weights() * (4 - precision.weightBytes());
    }
    return after == 0 || profile.weightBytes() == 0
        ? null
        : new Expectation(
            Math.max(0.05, bytes / profile.weightBytes()), Math.max(0.1, before / after));
  }
}
