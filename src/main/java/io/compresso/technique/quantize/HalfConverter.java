package io.compresso.technique.quantize;

import io.compresso.engine.ShapeInference;
import io.compresso.graph.Attribute;
import io.compresso.graph.Dim;
import io.compresso.graph.FreshNames;
import io.compresso.graph.Graph;
import io.compresso.graph.Model;
import io.compresso.graph.Node;
import io.compresso.graph.Patch;
import io.compresso.graph.ValueInfo;
import io.compresso.graph.ValueType;
import io.compresso.graph.ValueType.TensorType;
import io.compresso.op.Inferred;
import io.compresso.technique.quantize.HalfRules.Kind;
import io.compresso.tensor.DType;
import io.compresso.tensor.Tensor;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Writes a model in which chosen nodes compute in half precision. Every value has one type: where
 * precisions meet there is a Cast, constants are stored in the type that is read. Nodes with
 * subgraphs keep fp32 inputs and outputs; inside, the same rules hold.
 */
final class HalfConverter implements HalfForm {
  private final DType half;
  private final Predicate<Node> chosen;
  private final boolean halfEnds;
  private final Map<String, ValueType> types = new HashMap<>();
  private final FreshNames names;
  private final Model result;
  private final Set<Node> converted = Collections.newSetFromMap(new IdentityHashMap<>());
  private long floatBytes;
  private long halfBytes;

  /**
   * Converts.
   *
   * @param half {@code FLOAT16} or {@code BFLOAT16}
   * @param chosen whether a node may compute in half precision, if its operator can
   * @param halfEnds whether the graph's float inputs and outputs become half too
   */
  HalfConverter(Model model, DType half, Predicate<Node> chosen, boolean halfEnds) {
    this.half = half;
    this.chosen = chosen;
    this.halfEnds = halfEnds;
    this.names = new FreshNames(model.graph());
    for (Map.Entry<String, Inferred> entry : ShapeInference.infer(model).entrySet()) {
      types.put(entry.getKey(), entry.getValue().type());
    }
    this.result = model.withGraph(new Scope(model.graph(), null).convert());
  }

  @Override
  public Model model() {
    return result;
  }

  @Override
  public boolean isConverted(Node node) {
    return converted.contains(node);
  }

  @Override
  public long floatBytes() {
    return floatBytes;
  }

  @Override
  public long halfBytes() {
    return halfBytes;
  }

  /** One graph. */
  private final class Scope {
    private final Graph graph;
    private final @Nullable Scope outer;
    private final GraphIndex index;
    private final Set<Node> halves = Collections.newSetFromMap(new IdentityHashMap<>());
    private final Map<String, String> halfNames = new HashMap<>();
    private final Map<String, String> floatNames = new HashMap<>();
    private final Map<String, Tensor> initializers = new LinkedHashMap<>();
    private final List<Node> nodes = new ArrayList<>();

    Scope(Graph graph, @Nullable Scope outer) {
      this.graph = graph;
      this.outer = outer;
      this.index = new GraphIndex(graph);
    }

    Graph convert() {
      choose();
      converted.addAll(halves);
      List<ValueInfo> inputs = new ArrayList<>();
      for (ValueInfo input : graph.inputs()) {
        boolean changes = isHalfEnd(input.name());
        inputs.add(changes ? retyped(input) : input);
        if (changes) {
          halfNames.put(input.name(), input.name());
        }
      }
      graph.nodes().forEach(this::emit);
      List<ValueInfo> outputs = new ArrayList<>();
      for (ValueInfo output : graph.outputs()) {
        outputs.add(isHalfEnd(output.name()) ? retyped(output) : output);
      }
      initializers.putAll(graph.initializers());
      Set<String> read = new HashSet<>();
      outputs.forEach(output -> read.add(output.name()));
      nodes.forEach(node -> read.addAll(Patch.reads(node)));
      inputs.forEach(input -> read.add(input.name()));
      initializers.keySet().removeIf(name -> !read.contains(name));
      return new Graph(
          graph.name(), inputs, outputs, nodes, initializers, Map.of(), graph.annotations());
    }

    /** Whether an input or output of the model changes its type. */
    private boolean isHalfEnd(String value) {
      return halfEnds
          && outer == null
          && isFloat(value)
          && !index.isCaptured(value)
          && constant(value) == null
          && index.isOutput(value) == (index.producer(value) != null);
    }

    private ValueInfo retyped(ValueInfo info) {
      List<Dim> dims = info.type() instanceof TensorType(DType _, List<Dim> known) ? known : null;
      return new ValueInfo(info.name(), new TensorType(half, dims), info.annotations());
    }

    /** Chooses the nodes that compute in half precision. */
    private void choose() {
      for (Node node : graph.nodes()) {
        Kind kind = HalfRules.kind(node);
        boolean able =
            kind == Kind.COMPUTES && chosen.test(node) && floatOutputs(node)
                || kind == Kind.MOVES
                    && chosen.test(node)
                    && floatOutputs(node)
                    && (isTable(node) || node.inputs().stream().anyMatch(this::isHalf));
        if (able) {
          halves.add(node);
        }
      }
      boolean changed = true;
      while (changed) {
        changed = halves.removeIf(node -> !isWorthwhile(node));
      }
    }

    /** Whether a node holds constants, or a neighbour computes in half precision too. */
    private boolean isWorthwhile(Node node) {
      if (HalfRules.kind(node) == Kind.MOVES) {
        return isTable(node) || node.inputs().stream().anyMatch(this::isHalf);
      }
      for (String input : node.inputs()) {
        if (isHalf(input) || constant(input) != null && isFloat(input)) {
          return true;
        }
      }
      return node.outputs().stream()
          .anyMatch(output ->
              isHalfEnd(output) && index.isOutput(output)
                  || index.readers(output).stream().anyMatch(halves::contains));
    }

    /** Whether the node looks rows up in a constant. */
    private boolean isTable(Node node) {
      Tensor table = node.is("Gather") ? constant(node.inputs().getFirst()) : null;
      return table != null && table.dtype() == DType.FLOAT;
    }

    private boolean isHalf(String value) {
      Node producer = index.producer(value);
      if (producer != null) {
        return halves.contains(producer) && isFloat(value);
      }
      return isHalfEnd(value)
          && graph.inputs().stream().anyMatch(input -> input.name().equals(value));
    }

    private boolean floatOutputs(Node node) {
      return node.outputs().stream().anyMatch(this::isFloat)
          && node.outputs().stream()
              .allMatch(output -> output.isEmpty() || types.containsKey(output));
    }

    private boolean isFloat(String value) {
      Tensor constant = constant(value);
      if (constant != null) {
        return constant.dtype() == DType.FLOAT;
      }
      return types.get(value) instanceof TensorType(DType dtype, var _) && dtype == DType.FLOAT;
    }

    private @Nullable Tensor constant(String value) {
      Tensor own = graph.initializers().get(value);
      if (own != null || outer == null || index.producer(value) != null) {
        return own;
      }
      return outer.constant(value);
    }

    private void emit(Node node) {
      if (halves.contains(node)) {
        emitHalf(node);
        return;
      }
      boolean reads = HalfRules.kind(node) == Kind.READS;
      List<String> inputs = new ArrayList<>();
      boolean anyHalf = reads && node.inputs().stream().anyMatch(this::isHalf);
      for (String input : node.inputs()) {
        inputs.add(anyHalf && isFloat(input) ? half(input) : real(input));
      }
      Node result = node.withInputs(inputs);
      for (Map.Entry<String, Attribute> attribute : node.attributes().entrySet()) {
        switch (attribute.getValue()) {
          case Attribute.GraphValue(Graph body) ->
              result =
                  result.withAttribute(
                      attribute.getKey(), Attribute.of(new Scope(body, this).convert()));
          case Attribute.Graphs(List<Graph> bodies) ->
              result =
                  result.withAttribute(
                      attribute.getKey(),
                      new Attribute.Graphs(
                          bodies.stream().map(body -> new Scope(body, this).convert()).toList()));
          default -> {}
        }
      }
      List<String> outputs = new ArrayList<>();
      List<Node> casts = new ArrayList<>();
      for (String output : node.outputs()) {
        if (isHalfEnd(output) && index.isOutput(output)) {
          String name = names.next(output + "_f");
          floatNames.put(output, name);
          halfNames.put(output, output);
          casts.add(cast(name, output, half));
          outputs.add(name);
        } else {
          outputs.add(output);
        }
      }
      nodes.add(result.withOutputs(outputs));
      nodes.addAll(casts);
    }

    private void emitHalf(Node node) {
      List<String> inputs = new ArrayList<>();
      for (int i = 0; i < node.inputs().size(); i++) {
        String input = node.inputs().get(i);
        if (input.isEmpty() || !isFloat(input)) {
          inputs.add(input);
        } else {
          inputs.add(HalfRules.isHalfInput(node, i) ? half(input) : real(input));
        }
      }
      List<String> outputs = new ArrayList<>();
      List<Node> casts = new ArrayList<>();
      for (String output : node.outputs()) {
        boolean keepsFloat =
            !output.isEmpty() && isFloat(output) && index.isPinned(output) && !isHalfEnd(output);
        String name = keepsFloat ? names.next(output + "_h") : output;
        outputs.add(name);
        if (!output.isEmpty() && isFloat(output)) {
          halfNames.put(output, name);
          if (keepsFloat) {
            floatNames.put(output, output);
            casts.add(cast(name, output, DType.FLOAT));
          }
        }
      }
      Node result = node.withInputs(inputs).withOutputs(outputs);
      if (node.is("Cast")) {
        result = result.withAttribute("to", Attribute.of((long) half.code()));
      }
      nodes.add(result);
      nodes.addAll(casts);
    }

    /** The value in half precision. */
    private String half(String value) {
      String known = halfNames.get(value);
      if (known != null) {
        return known;
      }
      Scope owner = owner(value);
      String name;
      if (owner != null) {
        name = owner.halfConstant(value);
      } else {
        name = names.next(value + "_h");
        nodes.add(cast(real(value), name, half));
      }
      halfNames.put(value, name);
      return name;
    }

    private @Nullable Scope owner(String value) {
      if (graph.initializers().containsKey(value)) {
        return this;
      }
      return outer != null && index.producer(value) == null ? outer.owner(value) : null;
    }

    private String halfConstant(String value) {
      String known = halfNames.get(value);
      if (known != null) {
        return known;
      }
      Tensor constant = graph.initializers().get(value);
      if (constant == null) {
        throw new IllegalStateException(value);
      }
      Tensor narrow = Tensor.allocate(half, constant.shape());
      for (long i = 0; i < constant.size(); i++) {
        narrow.setFloat(i, constant.getFloat(i));
      }
      String name = names.next(value + "_h");
      initializers.put(name, narrow);
      halfNames.put(value, name);
      floatBytes += constant.byteSize();
      halfBytes += narrow.byteSize();
      return name;
    }

    /** The value as it is in the parent, in fp32 where it is a float. */
    private String real(String value) {
      if (value.isEmpty() || !halfNames.containsKey(value) || constant(value) != null) {
        return value;
      }
      String known = floatNames.get(value);
      if (known != null) {
        return known;
      }
      if (!isHalf(value)) {
        return value;
      }
      String name = names.next(value + "_f");
      nodes.add(cast(half(value), name, DType.FLOAT));
      floatNames.put(value, name);
      return name;
    }

    private Node cast(String from, String to, DType dtype) {
      return Node.of(
          "Cast", List.of(from), List.of(to), Map.of("to", Attribute.of((long) dtype.code())));
    }
  }
}
