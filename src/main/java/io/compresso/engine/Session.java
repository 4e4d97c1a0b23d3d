package io.compresso.engine;

import io.compresso.graph.Dim;
import io.compresso.graph.Graph;
import io.compresso.graph.GraphException;
import io.compresso.graph.GraphVerifier;
import io.compresso.graph.Model;
import io.compresso.graph.ValueInfo;
import io.compresso.graph.ValueType.TensorType;
import io.compresso.tensor.DType;
import io.compresso.tensor.Tensor;
import io.compresso.tensor.Value;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * A model made ready to run. What depends on constants alone is computed when the session is made.
 * Thread-safe: runs may overlap, each has memory of its own, which later runs use again.
 */
public final class Session implements AutoCloseable {
  /** How many sets of fetched values have plans of their own. */
  private static final int MOST_FETCHING_PLANS = 4;

  /** How many runs' memory is kept for later ones. */
  private static final int KEPT_MEMORIES = 4;

  private final Model model;
  private final SessionOptions options;
  private final Map<String, ValueInfo> inputs = new LinkedHashMap<>();
  private final Plan plan;
  private final ArrayDeque<RunMemory> memories = new ArrayDeque<>();
  private final Map<Set<String>, Plan> fetchingPlans = new LinkedHashMap<>();
  private @Nullable Plan literalPlan;
  private @Nullable Plan overridablePlan;
  private int running;
  private boolean closed;

  private Session(Model model, SessionOptions options) {
    this.model = model;
    this.options = options;
    model.graph().inputs().forEach(input -> inputs.put(input.name(), input));
    this.plan = Planner.plan(compiled(Set.of()), false, this::evaluate);
  }

  /**
   * Makes a model ready.
   *
   * @throws GraphException if the graph is wrong or a node's operator is not known
   */
  public static Session create(Model model, SessionOptions options) {
    GraphVerifier.verify(model);
    GraphCompiler.requireForeign(model);
    return new Session(model, options);
  }

  private Model compiled(Set<String> kept) {
    return options.optimised() ? GraphCompiler.compile(model, kept) : model;
  }

  /** The outputs for the given inputs, by name, in the graph's order. */
  public Map<String, Value> run(Map<String, ? extends Value> given) {
    return run(given, RunOptions.plain()).values();
  }

  /**
   * The outputs for the given inputs; {@code listener} sees every computed value, but not those
   * that depend on constants alone.
   */
  public Map<String, Value> run(Map<String, ? extends Value> given, ValueListener listener) {
    return run(given, RunOptions.plain().withListener(listener)).values();
  }

  /** The outputs for the given inputs, and the values named in {@code fetch}. */
  public Map<String, Value> run(Map<String, ? extends Value> given, Set<String> fetch) {
    return run(given, RunOptions.plain().withFetch(fetch)).values();
  }

  /**
   * Runs the graph.
   *
   * @param given a value for each input without an initializer; the run does not change them
   * @throws GraphException if an input is missing or not as the model declares it, an operator
   *     cannot do with what it gets, or the memory limit is reached
   * @throws java.util.concurrent.CancellationException if the run is cancelled
   */
  public RunResult run(Map<String, ? extends Value> given, RunOptions runOptions) {
    check(given);
    RunMemory memory = begin();
    boolean reusable = false;
    try {
      RunResult result = run(given, runOptions, memory);
      reusable = true;
      return result;
    } finally {
      end(reusable ? memory : null);
    }
  }

  private RunResult run(
      Map<String, ? extends Value> given, RunOptions runOptions, RunMemory memory) {
    Graph graph = model.graph();
    Plan chosen = plan(given, runOptions);
    List<Value> values = new ArrayList<>();
    for (String name : chosen.ends.inputNames()) {
      Value value = given.get(name);
      Value initializer = graph.initializers().get(name);
      if (value == null && initializer == null) {
        throw new GraphException("input '" + name + "' is missing");
      }
      values.add(value != null ? value : initializer);
    }
    BitSet fetched = new BitSet();
    for (String name : runOptions.fetch()) {
      fetched.set(slot(chosen, name));
    }
    memory.takePeak();
    Execution execution = new Execution(memory, runOptions, options.threads());
    @Nullable Value[] frame = execution.runGraph(chosen, values, fetched);
    Map<String, Value> results = new LinkedHashMap<>();
    for (ValueInfo output : graph.outputs()) {
      results.put(output.name(), result(chosen, frame, output.name()));
    }
    for (String name : runOptions.fetch()) {
      results.putIfAbsent(name, result(chosen, frame, name));
    }
    results.replaceAll((_, value) -> memory.detach(value));
    for (int slot = 0; slot < frame.length; slot++) {
      Value value = frame[slot];
      if (value != null && !chosen.isConstant(slot)) {
        memory.release(value);
      }
    }
    return new RunResult(results, execution.profile(), memory.takePeak());
  }

  private Plan plan(Map<String, ? extends Value> given, RunOptions runOptions) {
    if (model.graph().initializers().keySet().stream().anyMatch(given::containsKey)) {
      return overridablePlan();
    }
    if (runOptions.isObserved()) {
      return literalPlan();
    }
    return plan.slots.keySet().containsAll(runOptions.fetch())
        ? plan
        : fetchingPlan(runOptions.fetch());
  }

  private static int slot(Plan plan, String name) {
    Integer slot = plan.slots.get(name);
    if (slot == null) {
      throw new GraphException("value '" + name + "' is not in the graph");
    }
    return slot;
  }

  private static Value result(Plan plan, @Nullable Value[] frame, String name) {
    Value value = frame[slot(plan, name)];
    if (value == null) {
      throw new GraphException("value '" + name + "' was not computed");
    }
    return value;
  }

  private void check(Map<String, ? extends Value> given) {
    given.forEach((name, value) -> {
      ValueInfo input = inputs.get(name);
      if (input == null) {
        throw new GraphException(
            "the model has no input '%s'; it has %s".formatted(name, inputs.keySet()));
      }
      if (input.type() instanceof TensorType(DType dtype, List<Dim> dims)
          && !(value instanceof Tensor tensor && fits(tensor, dtype, dims))) {
        throw new GraphException(
            "input '%s' is %s, the model declares %s".formatted(name, value, input.type()));
      }
    });
  }

  private static boolean fits(Tensor tensor, DType dtype, @Nullable List<Dim> dims) {
    if (tensor.dtype() != dtype || dims != null && dims.size() != tensor.shape().rank()) {
      return false;
    }
    for (int axis = 0; dims != null && axis < dims.size(); axis++) {
      Long size = dims.get(axis).sizeOrNull();
      if (size != null && size != tensor.shape().dim(axis)) {
        return false;
      }
    }
    return true;
  }

  /** The values that the graph defines and that no run changes, by name. */
  public Map<String, Value> constants() {
    Plan literal = literalPlan();
    return literal.slots.entrySet().stream()
        .filter(entry -> literal.isConstant(entry.getValue()))
        .collect(
            Collectors.toMap(
                Map.Entry::getKey, entry -> result(literal, literal.constants, entry.getKey())));
  }

  /** The plan of the graph as the model has it. */
  private synchronized Plan literalPlan() {
    if (!options.optimised()) {
      return plan;
    }
    if (literalPlan == null) {
      literalPlan = Planner.plan(model, false, this::evaluate);
    }
    return literalPlan;
  }

  /** A plan in which the named values exist. */
  private synchronized Plan fetchingPlan(Set<String> names) {
    Plan known = fetchingPlans.get(names);
    if (known != null) {
      return known;
    }
    if (fetchingPlans.size() >= MOST_FETCHING_PLANS) {
      return literalPlan();
    }
    Plan made = Planner.plan(compiled(names), false, this::evaluate);
    fetchingPlans.put(names, made);
    return made;
  }

  private synchronized Plan overridablePlan() {
    if (overridablePlan == null) {
      overridablePlan = Planner.plan(model, true, this::evaluate);
    }
    return overridablePlan;
  }

  private @Nullable List<@Nullable Value> evaluate(Plan.Step step, List<@Nullable Value> values) {
    try {
      return new Execution(
              new RunMemory(options.memoryLimit()), RunOptions.plain(), options.threads())
          .evaluate(step, values);
    } catch (GraphException e) {
      // The branch that holds the node may never run; if it does, the error comes up then.
      return null;
    }
  }

  private synchronized RunMemory begin() {
    if (closed) {
      throw new IllegalStateException("the session is closed");
    }
    running++;
    RunMemory memory = memories.poll();
    return memory == null ? new RunMemory(options.memoryLimit()) : memory;
  }

  private synchronized void end(@Nullable RunMemory memory) {
    running--;
    if (memory != null && memories.size() < KEPT_MEMORIES && !closed) {
      memories.push(memory);
    }
    free();
  }

  /** Frees what the session holds, after the last run that is under way. */
  @Override
  public synchronized void close() {
    closed = true;
    free();
  }

  private void free() {
    if (closed && running == 0) {
      memories.clear();
      plan.close();
      fetchingPlans.values().forEach(Plan::close);
      if (literalPlan != null) {
        literalPlan.close();
      }
      if (overridablePlan != null) {
        overridablePlan.close();
      }
    }
  }
}
