package io.compresso.engine;

import io.compresso.graph.Attribute;
import io.compresso.graph.Dim;
import io.compresso.graph.Function;
import io.compresso.graph.Functions;
import io.compresso.graph.Graph;
import io.compresso.graph.GraphException;
import io.compresso.graph.Model;
import io.compresso.graph.Node;
import io.compresso.graph.ValueInfo;
import io.compresso.graph.ValueType;
import io.compresso.graph.ValueType.TensorType;
import io.compresso.op.Inferred;
import io.compresso.op.Operator;
import io.compresso.op.OperatorCatalog;
import io.compresso.op.ShapeContext;
import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Finds the types and shapes of a model's values without running it: by the operators' shape rules,
 * with symbolic dimensions, through subgraphs and local functions. What the model declares is used
 * and checked. Values of operators that are not known keep what is declared of them.
 */
public final class ShapeInference {
  /** The longest integer vectors whose elements are followed. */
  private static final long MOST_ELEMENTS = 1024;

  /** The same for 32 bits: longer ones are biases of quantized products. */
  private static final long MOST_INT_ELEMENTS = 64;

  private final Functions functions;
  private final Map<String, Integer> opsets;

  /** Of a graph's own values and those of the graphs in it, in the order of inference. */
  private final Map<String, Inferred> inner;

  private final Map<Graph, Body> bodies = new IdentityHashMap<>();

  /** Of the graph's own values, from before. */
  private final Map<String, Inferred> known;

  private ShapeInference(
      Functions functions,
      Map<String, Integer> opsets,
      Map<String, Inferred> inner,
      Map<String, Inferred> known) {
    this.functions = functions;
    this.opsets = opsets;
    this.inner = inner;
    this.known = known;
  }

  /**
   * What is known of each value of the graph, by name; values of subgraphs only under names that
   * the graph itself does not use.
   *
   * @throws GraphException if a node cannot take its inputs, or the model declares another type
   *     than the one that follows, naming the node
   */
  public static Map<String, Inferred> infer(Model model) {
    return infer(model, Map.of());
  }

  /**
   * As {@link #infer(Model)}, of a model of which something is known already.
   *
   * @param known of values of an earlier form of the model that have kept their meaning; those that
   *     say all that a rule could say are not inferred again
   * @throws GraphException as {@link #infer(Model)}
   */
  public static Map<String, Inferred> infer(Model model, Map<String, Inferred> known) {
    Map<String, Inferred> inner = new LinkedHashMap<>();
    ShapeInference inference =
        new ShapeInference(new Functions(model), model.opsetImports(), inner, known);
    Scope scope = inference.scope(model.graph(), null, List.of(), true);
    inner.forEach(scope.values::putIfAbsent);
    return scope.values;
  }

  /**
   * What is known of each subgraph of the graph's nodes, and of those in it, by its identity.
   *
   * @throws GraphException as {@link #infer}
   */
  public static Map<Graph, Body> inferBodies(Model model) {
    ShapeInference inference =
        new ShapeInference(
            new Functions(model), model.opsetImports(), new LinkedHashMap<>(), Map.of());
    inference.scope(model.graph(), null, List.of(), true);
    return inference.bodies;
  }

  /**
   * The model with the type of every value that is known in its {@code valueInfos}.
   *
   * @throws GraphException as {@link #infer}
   */
  public static Model annotate(Model model) {
    Map<String, Inferred> known = infer(model);
    Graph graph = model.graph();
    Map<String, ValueInfo> infos = new LinkedHashMap<>();
    for (Node node : graph.nodes()) {
      for (String output : node.outputs()) {
        Inferred inferred = known.getOrDefault(output, Inferred.UNKNOWN);
        ValueInfo declared = graph.valueInfos().get(output);
        if (!inferred.type().isUnknown()) {
          infos.put(
              output,
              declared == null
                  ? new ValueInfo(output, inferred.type())
                  : new ValueInfo(output, inferred.type(), declared.annotations()));
        } else if (declared != null) {
          infos.put(output, declared);
        }
      }
    }
    List<ValueInfo> outputs =
        graph.outputs().stream()
            .map(output ->
                output.type().isUnknown()
                    ? new ValueInfo(
                        output.name(),
                        known.getOrDefault(output.name(), Inferred.UNKNOWN).type(),
                        output.annotations())
                    : output)
            .toList();
    outputs.forEach(output -> infos.remove(output.name()));
    return model.withGraph(
        new Graph(
            graph.name(),
            graph.inputs(),
            outputs,
            graph.nodes(),
            graph.initializers(),
            infos,
            graph.annotations()));
  }

  /** What is known of a subgraph's inputs and outputs, whatever turn runs it. */
  public record Body(List<Inferred> inputs, List<Inferred> outputs) {}

  /** The values of one graph, and the graph around it. */
  private static final class Scope {
    private final @Nullable Scope outer;
    private final Map<String, Inferred> values = new LinkedHashMap<>();
    private final Map<String, Tensor> constants = new HashMap<>();
    private final Map<String, ValueType> declared = new HashMap<>();

    Scope(@Nullable Scope outer) {
      this.outer = outer;
    }

    Inferred value(String name) {
      Inferred value = values.get(name);
      if (value != null) {
        return value;
      }
      return outer == null ? Inferred.UNKNOWN : outer.value(name);
    }

    @Nullable Tensor constant(String name) {
      if (values.containsKey(name)) {
        return constants.get(name);
      }
      return outer == null ? null : outer.constant(name);
    }
  }

  private Scope scope(Graph graph, @Nullable Scope outer, List<Inferred> given, boolean strict) {
    Scope scope = new Scope(outer);
    for (int i = 0; i < graph.inputs().size(); i++) {
      ValueInfo input = graph.inputs().get(i);
      Inferred value = Inferred.of(input.type());
      if (i < given.size()) {
        value = merge(given.get(i), input.type(), strict).orElse(given.get(i));
      }
      scope.values.put(input.name(), value);
    }
    graph
        .initializers()
        .forEach((name, tensor) -> {
          Inferred before = outer == null ? known.get(name) : null;
          scope.values.put(name, before == null ? ofConstant(tensor) : before);
          scope.constants.put(name, tensor);
        });
    graph.valueInfos().forEach((name, info) -> scope.declared.put(name, info.type()));
    graph.outputs().stream()
        .filter(info -> !info.type().isUnknown())
        .forEach(info -> scope.declared.put(info.name(), info.type()));
    nodes(graph.nodes(), scope, strict);
    return scope;
  }

  private void nodes(List<Node> nodes, Scope scope, boolean strict) {
    for (Node node : nodes) {
      if (scope.outer == null && putKnown(node, scope)) {
        continue;
      }
      List<Inferred> outputs;
      try {
        outputs = outputs(node, scope);
      } catch (GraphException e) {
        if (strict) {
          throw e;
        }
        outputs = List.of();
      }
      for (int i = 0; i < node.outputs().size(); i++) {
        String name = node.outputs().get(i);
        if (name.isEmpty()) {
          continue;
        }
        if (!outputs.isEmpty() && i >= outputs.size()) {
          throw new GraphException(
              node, "names an output '%s', but has only %d".formatted(name, outputs.size()));
        }
        Inferred inferred = i < outputs.size() ? clean(outputs.get(i)) : Inferred.UNKNOWN;
        ValueType declared = scope.declared.getOrDefault(name, ValueType.UNKNOWN);
        Optional<Inferred> merged = merge(inferred, declared, strict);
        if (merged.isEmpty() && strict) {
          throw new GraphException(
              node,
              "gives '%s' as %s, but it is declared %s".formatted(name, inferred.type(), declared));
        }
        scope.values.put(name, merged.orElse(inferred));
        Tensor constant = constantOf(node, merged.orElse(inferred));
        if (constant != null) {
          scope.constants.put(name, constant);
        }
      }
    }
  }

  /** Takes over what is known of a node's outputs, if it is all that can be known. */
  private boolean putKnown(Node node, Scope scope) {
    if (known.isEmpty()) {
      return false;
    }
    for (String name : node.outputs()) {
      if (!isSettled(name)) {
        return false;
      }
    }
    if (node.holdsGraphs()) {
      return false;
    }
    for (String name : node.outputs()) {
      Inferred before = known.get(name);
      if (before != null) {
        scope.values.put(name, before);
        Tensor constant = constantOf(node, before);
        if (constant != null) {
          scope.constants.put(name, constant);
        }
      }
    }
    return true;
  }

  private boolean isSettled(String name) {
    Inferred before = known.get(name);
    return name.isEmpty() || before != null && isSettled(before);
  }

  /** Whether a rule could say no more of a value. */
  public static boolean isSettled(Inferred value) {
    return value.type() instanceof TensorType(DType dtype, List<Dim> dims)
        && dims != null
        && !hasUnknown(dims)
        && (dims.size() > 1 || dtype != DType.INT64 && dtype != DType.INT32);
  }

  /** What rules say of dimensions that only a run can refuse becomes unknown. */
  static Inferred clean(Inferred inferred) {
    if (inferred.type() instanceof TensorType(DType dtype, List<Dim> dims)
        && dims != null
        && hasNegative(dims)) {
      return new Inferred(
          new TensorType(
              dtype,
              dims.stream()
                  .map(dim -> dim instanceof Dim.Fixed(long size) && size < 0 ? Dim.UNKNOWN : dim)
                  .toList()),
          inferred.elements());
    }
    return inferred;
  }

  private static boolean hasUnknown(List<Dim> dims) {
    for (Dim dim : dims) {
      if (dim instanceof Dim.Unknown) {
        return true;
      }
    }
    return false;
  }

  private static boolean hasNegative(List<Dim> dims) {
    for (Dim dim : dims) {
      if (dim instanceof Dim.Fixed(long size) && size < 0) {
        return true;
      }
    }
    return false;
  }

  static Inferred ofConstant(Tensor tensor) {
    ValueType type = ValueType.tensor(tensor.dtype(), tensor.shape());
    boolean followed =
        tensor.shape().rank() <= 1
            && (tensor.dtype() == DType.INT64 && tensor.size() <= MOST_ELEMENTS
                || tensor.dtype() == DType.INT32 && tensor.size() <= MOST_INT_ELEMENTS);
    if (!followed) {
      return Inferred.of(type);
    }
    List<Dim> elements = new ArrayList<>();
    for (long element : tensor.toLongs()) {
      elements.add(Dim.of(element));
    }
    return new Inferred(type, elements);
  }

  /** The value of a constant, or of a vector whose elements are all known. */
  static @Nullable Tensor constantOf(Node node, Inferred inferred) {
    if (node.is("Constant")
        && node.attributes().get("value") instanceof Attribute.TensorValue(Tensor value)) {
      return value;
    }
    List<Dim> elements = inferred.elements();
    if (elements == null
        || !(inferred.type() instanceof TensorType type)
        || !(type.dtype() == DType.INT64 || type.dtype() == DType.INT32)
        || !elements.stream().allMatch(Dim.Fixed.class::isInstance)) {
      return null;
    }
    Shape shape = type.shapeOrNull();
    if (shape == null || shape.size() != elements.size()) {
      return null;
    }
    Tensor tensor = Tensor.allocate(type.dtype(), shape);
    for (int i = 0; i < elements.size(); i++) {
      tensor.setLong(i, ((Dim.Fixed) elements.get(i)).size());
    }
    return tensor;
  }

  private List<Inferred> outputs(Node node, Scope scope) {
    Function function = functions.find(node);
    if (function != null) {
      return call(node, function, scope);
    }
    Optional<Operator> operator = OperatorCatalog.find(node.domain(), node.opType());
    if (operator.isEmpty()) {
      return List.of();
    }
    try {
      return operator.get().shapeRule().infer(new Context(node, scope));
    } catch (GraphException e) {
      throw e;
    } catch (ArithmeticException e) {
      throw NodeFailures.of(node, e, List.of());
    } catch (RuntimeException e) {
      throw new GraphException(node, "shapes: " + e.getMessage(), e);
    }
  }

  private List<Inferred> call(Node node, Function function, Scope scope) {
    Map<String, Integer> versions = new HashMap<>(opsets);
    versions.putAll(function.opsetImports());
    Scope body = new Scope(null);
    for (int i = 0; i < function.inputs().size(); i++) {
      String given = node.input(i);
      String name = function.inputs().get(i);
      body.values.put(name, given == null ? Inferred.UNKNOWN : scope.value(given));
      Tensor constant = given == null ? null : scope.constant(given);
      if (constant != null) {
        body.constants.put(name, constant);
      }
    }
    new ShapeInference(functions, versions, new HashMap<>(), Map.of())
        .nodes(Functions.body(function, node), body, true);
    return function.outputs().stream().map(body::value).toList();
  }

  /**
   * What is inferred and what is declared together; empty when they contradict each other. What
   * subgraphs declare may hold in their first turn only and is taken where nothing is inferred.
   *
   * @param strict whether this is not in a subgraph
   */
  private static Optional<Inferred> merge(Inferred inferred, ValueType declared, boolean strict) {
    if (declared.isUnknown() || !strict && !inferred.type().isUnknown()) {
      return Optional.of(inferred);
    }
    if (inferred.type().isUnknown()) {
      return Optional.of(new Inferred(declared, inferred.elements()));
    }
    if (!(inferred.type() instanceof TensorType(DType dtype, List<Dim> own))
        || !(declared instanceof TensorType(DType other, List<Dim> theirs))) {
      return inferred.type().getClass() == declared.getClass()
          ? Optional.of(inferred)
          : Optional.empty();
    }
    if (dtype != other || own != null && theirs != null && own.size() != theirs.size()) {
      return Optional.empty();
    }
    if (own == null || theirs == null) {
      return Optional.of(
          new Inferred(new TensorType(dtype, own == null ? theirs : own), inferred.elements()));
    }
    List<Dim> dims = new ArrayList<>();
    for (int axis = 0; axis < own.size(); axis++) {
      Long a = own.get(axis).sizeOrNull();
      Long b = theirs.get(axis).sizeOrNull();
      if (a != null && b != null && !a.equals(b)) {
        return Optional.empty();
      }
      boolean keep = a != null || b == null && own.get(axis) instanceof Dim.Symbol;
      dims.add(keep ? own.get(axis) : theirs.get(axis));
    }
    return Optional.of(new Inferred(new TensorType(dtype, dims), inferred.elements()));
  }

  /** What the rule of one node sees. */
  private final class Context implements ShapeContext {
    private final Node node;
    private final Scope scope;

    Context(Node node, Scope scope) {
      this.node = node;
      this.scope = scope;
    }

    @Override
    public Node node() {
      return node;
    }

    @Override
    public int opset() {
      return opsets.getOrDefault(node.domain(), 1);
    }

    @Override
    public Inferred input(int index) {
      String name = node.input(index);
      return name == null ? Inferred.UNKNOWN : scope.value(name);
    }

    @Override
    public @Nullable Tensor constant(int index) {
      String name = node.input(index);
      return name == null ? null : scope.constant(name);
    }

    @Override
    public List<Inferred> infer(Graph body, List<Inferred> inputs) {
      // A branch that no run takes may be wrong for the shapes that are given here.
      Scope inside = scope(body, scope, inputs, false);
      inner.putAll(inside.values);
      List<Inferred> outputs =
          body.outputs().stream().map(output -> inside.value(output.name())).toList();
      bodies.put(body, new Body(List.copyOf(inputs), outputs));
      return outputs;
    }
  }
}
