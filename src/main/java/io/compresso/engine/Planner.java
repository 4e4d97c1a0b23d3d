package io.compresso.engine;

import io.compresso.engine.Plan.Capture;
import io.compresso.engine.Plan.Step;
import io.compresso.graph.Attribute;
import io.compresso.graph.Function;
import io.compresso.graph.Functions;
import io.compresso.graph.Graph;
import io.compresso.graph.GraphException;
import io.compresso.graph.GraphVerifier;
import io.compresso.graph.Model;
import io.compresso.graph.Node;
import io.compresso.graph.ValueInfo;
import io.compresso.op.Operator;
import io.compresso.op.OperatorCatalog;
import io.compresso.op.Reference;
import io.compresso.tensor.Tensor;
import io.compresso.tensor.Value;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** Makes the {@link Plan} of a graph, its subgraphs and the functions that it calls. */
final class Planner {
  private static final Set<String> RANDOM =
      Set.of(
          "RandomNormal",
          "RandomNormalLike",
          "RandomUniform",
          "RandomUniformLike",
          "Bernoulli",
          "Multinomial",
          "Dropout");

  private final Functions functions;
  private final Map<String, Integer> opsets;
  private final @Nullable Planner outer;
  private final ConstantEvaluator evaluator;

  private final Map<String, Integer> slots = new HashMap<>();
  private final List<@Nullable Value> constants = new ArrayList<>();
  private final List<Capture> captures = new ArrayList<>();
  private final List<Step> steps = new ArrayList<>();

  /** Computes a step whose inputs are all constants; null when that is better left to the run. */
  @FunctionalInterface
  interface ConstantEvaluator {
    @Nullable List<? extends @Nullable Value> evaluate(Step step, List<@Nullable Value> inputs);
  }

  private Planner(
      Functions functions,
      Map<String, Integer> opsets,
      @Nullable Planner outer,
      ConstantEvaluator evaluator) {
    this.functions = functions;
    this.opsets = opsets;
    this.outer = outer;
    this.evaluator = evaluator;
  }

  /**
   * The plan of a model.
   *
   * @param overridable whether initializers that are also inputs may be replaced by a run
   * @throws GraphException if a node's operator is not known
   */
  static Plan plan(Model model, boolean overridable, ConstantEvaluator evaluator) {
    Planner planner = new Planner(new Functions(model), model.opsetImports(), null, evaluator);
    Graph graph = model.graph();
    Map<String, Tensor> initializers = new HashMap<>(graph.initializers());
    if (overridable) {
      graph.inputs().forEach(input -> initializers.remove(input.name()));
    }
    return planner.plan(graph, initializers);
  }

  private Plan plan(Graph graph, Map<String, Tensor> initializers) {
    List<String> inputs =
        graph.inputs().stream()
            .map(ValueInfo::name)
            .filter(name -> !initializers.containsKey(name))
            .toList();
    return plan(
        inputs,
        initializers,
        graph.nodes(),
        graph.outputs().stream().map(ValueInfo::name).toList());
  }

  private Plan plan(
      List<String> inputs,
      Map<String, Tensor> initializers,
      List<Node> nodes,
      List<String> outputs) {
    int[] inputSlots = inputs.stream().mapToInt(name -> define(name, null)).toArray();
    initializers.forEach(this::define);
    nodes.forEach(this::add);
    int[] outputSlots = outputs.stream().mapToInt(this::slot).toArray();
    markDead(outputSlots);
    return new Plan(
        List.copyOf(steps),
        new Plan.Interface(inputs, inputSlots, outputSlots),
        List.copyOf(captures),
        Map.copyOf(slots),
        constants.toArray(new Value[0]));
  }

  private int define(String name, @Nullable Value constant) {
    int slot = constants.size();
    constants.add(constant);
    slots.put(name, slot);
    return slot;
  }

  /** The slot of a value here; one of the graph around is brought in. */
  private int slot(String name) {
    Integer known = slots.get(name);
    if (known != null) {
      return known;
    }
    if (outer == null) {
      throw new GraphException("value '" + name + "' is not defined");
    }
    int around = outer.slot(name);
    Value constant = outer.constants.get(around);
    int slot = define(name, constant);
    if (constant == null) {
      captures.add(new Capture(around, slot));
    }
    return slot;
  }

  private void add(Node node) {
    int opset = opsets.getOrDefault(node.domain(), 1);
    int[] inputs = new int[node.inputs().size()];
    for (int i = 0; i < inputs.length; i++) {
      String name = node.inputs().get(i);
      inputs[i] = name.isEmpty() ? Plan.NONE : slot(name);
    }
    Function function = functions.find(node);
    Plan called = function == null ? null : call(node, function);
    Reference reference = function == null ? reference(node, opset) : null;
    Map<Graph, Plan> bodies = node.holdsGraphs() ? bodies(node) : Step.noBodies();
    List<? extends @Nullable Value> values =
        reference != null && isPure(node) ? evaluate(node, opset, reference, inputs) : null;
    int[] outputs = new int[node.outputs().size()];
    for (int i = 0; i < outputs.length; i++) {
      String name = node.outputs().get(i);
      Value value = values != null && i < values.size() ? values.get(i) : null;
      outputs[i] = name.isEmpty() ? Plan.NONE : define(name, value);
    }
    if (values == null) {
      steps.add(new Step(node, opset, reference, called, bodies, inputs, outputs));
    }
  }

  /** Whether the node gives the same for the same inputs, and holds no subgraph. */
  static boolean isPure(Node node) {
    return !node.holdsGraphs() && !RANDOM.contains(node.opType());
  }

  private static Reference reference(Node node, int opset) {
    Operator operator =
        OperatorCatalog.find(node.domain(), node.opType())
            .orElseThrow(() ->
                new GraphException(
                    node,
                    "operator %s of domain '%s' is not supported"
                        .formatted(node.opType(), node.domain())));
    return operator
        .reference()
        .orElseThrow(() -> new GraphException(node, "operator cannot be computed"));
  }

  private Map<Graph, Plan> bodies(Node node) {
    Map<Graph, Plan> bodies = new IdentityHashMap<>();
    for (Attribute attribute : node.attributes().values()) {
      GraphVerifier.bodies(attribute).forEach(body -> bodies.put(body, body(body)));
    }
    return bodies;
  }

  private Plan body(Graph body) {
    return new Planner(functions, opsets, this, evaluator).plan(body, body.initializers());
  }

  private Plan call(Node node, Function function) {
    if (node.inputs().size() > function.inputs().size()
        || node.outputs().size() > function.outputs().size()) {
      throw new GraphException(
          node,
          "gives %d inputs and takes %d outputs, the function has %d and %d"
              .formatted(
                  node.inputs().size(),
                  node.outputs().size(),
                  function.inputs().size(),
                  function.outputs().size()));
    }
    Map<String, Integer> versions = new HashMap<>(opsets);
    versions.putAll(function.opsetImports());
    return new Planner(functions, versions, null, evaluator)
        .plan(function.inputs(), Map.of(), Functions.body(function, node), function.outputs());
  }

  private @Nullable List<? extends @Nullable Value> evaluate(
      Node node, int opset, Reference reference, int[] inputs) {
    List<@Nullable Value> values = new ArrayList<>();
    for (int slot : inputs) {
      Value value = slot == Plan.NONE ? null : constants.get(slot);
      if (value == null && slot != Plan.NONE) {
        return null;
      }
      values.add(value);
    }
    Step step = new Step(node, opset, reference, null, Step.noBodies(), inputs, new int[0]);
    List<? extends @Nullable Value> outputs = evaluator.evaluate(step, values);
    if (outputs == null) {
      return null;
    }
    for (int i = 0; i < node.outputs().size(); i++) {
      boolean missing = i >= outputs.size() || outputs.get(i) == null;
      if (missing && !node.outputs().get(i).isEmpty()) {
        return null;
      }
    }
    return outputs;
  }

  /** Finds the last reader of each slot that is not an output. */
  private void markDead(int[] outputSlots) {
    boolean[] seen = new boolean[constants.size()];
    for (int slot : outputSlots) {
      seen[slot] = true;
    }
    int[] dead = new int[constants.size()];
    for (Step step : steps.reversed()) {
      int count = 0;
      for (int slot : touched(step)) {
        if (slot != Plan.NONE && !seen[slot] && constants.get(slot) == null) {
          seen[slot] = true;
          dead[count++] = slot;
        }
      }
      step.dead = Arrays.copyOf(dead, count);
    }
  }

  /** The slots that a step reads and writes. */
  private static int[] touched(Step step) {
    int inputs = step.inputs.length;
    int[] own = Arrays.copyOf(step.inputs, inputs + step.outputs.length);
    System.arraycopy(step.outputs, 0, own, inputs, step.outputs.length);
    return step.bodies.isEmpty()
        ? own
        : IntStream.concat(
                Arrays.stream(own),
                step.bodies.values().stream()
                    .flatMap(body -> body.captures.stream())
                    .mapToInt(Capture::outer))
            .toArray();
  }
}
