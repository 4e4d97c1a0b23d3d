package io.compresso.engine;

import io.compresso.graph.Graph;
import io.compresso.graph.GraphException;
import io.compresso.graph.GraphVerifier;
import io.compresso.graph.Model;
import io.compresso.graph.ValueInfo;
import io.compresso.tensor.DType;
import io.compresso.tensor.Tensor;
import io.compresso.tensor.TensorSpec;
import io.compresso.tensor.Value;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * A model made ready to run. What depends on constants alone is computed when the session is made.
 * Thread-safe: runs may overlap, each has memory of its own, which later runs use again. Large
 * inputs may be read where they lie: they stay as they are until the run ends, and the session
 * keeps such a tensor's memory until it is given another one or closed.
 */
public final class Session implements AutoCloseable {
  /** How many runs' memory is kept for later ones. */
  private static final int KEPT_MEMORIES = 4;

  /** Of runs that nobody can cancel but by an interrupt. */
  private static final RunOptions PLAIN = RunOptions.plain();

  private final Model model;
  private final SessionOptions options;
  private final DeclaredInputs inputs;
  private final List<String> inputNames;
  private final List<String> outputNames;

  /** What listeners see; null where they see the graph run as the model has it. */
  private final ObservableGraph.@Nullable Shown shown;

  private final SessionPlans plans;
  private final BoundPlans bound;
  private final ArrayDeque<RunMemory> memories = new ArrayDeque<>();
  private int running;
  private boolean closed;

  private Session(
      Model model,
      Supplier<Model> compiler,
      boolean postpones,
      ObservableGraph.@Nullable Shown shown,
      SessionOptions options) {
    this.model = model;
    this.shown = shown;
    this.options = options;
    this.outputNames = model.graph().outputs().stream().map(ValueInfo::name).toList();
    this.inputs = new DeclaredInputs(model.graph().inputs());
    this.plans = new SessionPlans(model, compiler, postpones, options);
    this.inputNames = plans.inputNames();
    this.bound = plans.bound();
  }

  /**
   * Makes a model ready.
   *
   * @throws GraphException if the graph is wrong or a node's operator is not known
   */
  public static Session create(Model source, SessionOptions options) {
    Model model = checked(source);
    Supplier<Model> compiler =
        () -> options.optimised() ? GraphCompiler.compile(model, Set.of()) : model;
    Session session = new Session(model, compiler, true, null, options);
    session.bindFixedInputs();
    return session;
  }

  /**
   * Makes a model ready for runs whose listeners see some values in between: the compiled graph
   * keeps these and no others, and their memory is used again as ever. A run may not replace
   * initializers.
   *
   * @throws GraphException as {@link #create}, and if a value is not in the graph
   */
  public static Session observable(Model source, Observation observation, SessionOptions options) {
    Model model = checked(source);
    ObservableGraph compiled = ObservableGraph.compile(model, observation);
    Session session =
        new Session(model, compiled::model, false, compiled.shown(), options.withOptimised(true));
    session.bindFixedInputs();
    return session;
  }

  private static Model checked(Model model) {
    GraphVerifier.verify(model);
    GraphCompiler.requireForeign(model);
    return TypeBodies.apply(model);
  }

  /** Whether listeners see the value of that name with its channels as the last axis. */
  public boolean showsChannelsLast(String value) {
    return shown != null && shown.channelsLast().contains(value);
  }

  /** Makes the kernels now where the model says the shapes of its inputs. */
  private void bindFixedInputs() {
    List<TensorSpec> specs = inputs.specs(inputNames);
    if (options.optimised()
        && specs != null
        && specs.stream().noneMatch(spec -> spec.dtype() == DType.STRING)) {
      var _ = bound.bind(specs);
    }
  }

  /** Makes a compiled model ready. */
  static Session ofCompiled(Model model, SessionOptions options) {
    GraphVerifier.verify(model);
    Session session = new Session(model, () -> model, false, null, options);
    session.bindFixedInputs();
    return session;
  }

  /** The outputs for the given inputs, by name, in the graph's order. */
  public Map<String, Value> run(Map<String, ? extends Value> given) {
    return run(given, RunOptions.plain()).values();
  }

  /**
   * The outputs for the given inputs; {@code listener} sees every computed value, but not those
   * that depend on constants alone. Of a session made by {@link #observable} it sees the values
   * that were named there, all of them.
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
    inputs.check(given);
    if (runOptions.isObserved() && shown != null) {
      ValueListener listener = shown.translate(runOptions.listener());
      showConstants(shown.names().keySet(), listener);
      return run(given, runOptions.withListener(listener), true);
    }
    return run(given, runOptions, runOptions.isPlain());
  }

  /** Shows the values that no run computes: they follow from constants and fixed shapes. */
  private void showConstants(Set<String> names, ValueListener listener) {
    Plan plan = plans.fetching(Set.of());
    for (String name : names) {
      Integer slot = plan.slots.get(name);
      if (slot != null && plan.isConstant(slot)) {
        listener.onValue(name, result(plan, plan.constants, name));
      }
    }
  }

  private RunResult run(
      Map<String, ? extends Value> given, RunOptions runOptions, boolean bindable) {
    if (bindable && !isSpecial(given)) {
      RunResult result = runBound(given, runOptions);
      if (result != null) {
        return result;
      }
    }
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

  /**
   * Runs the graph into tensors that the caller supplies. Once a run of the same shapes has been,
   * it allocates next to nothing, if all nodes of the graph have been lowered. Large outputs are
   * computed where they are wanted when that is where they were wanted before; the session keeps
   * such a tensor's memory until it is given another one or closed.
   *
   * @param given a value for each input without an initializer; the run does not change them, but
   *     where {@code results} have the same memory
   * @param results receive the outputs of the same names; others are not given. They do not
   *     overlap, and hold anything after an error
   * @throws GraphException as {@link #run(Map, RunOptions)}, and if a tensor is not of an output's
   *     type and shape, or is for no output
   */
  public void run(Map<String, ? extends Value> given, Map<String, Tensor> results) {
    inputs.check(given);
    checkNames(results);
    if (isSpecial(given) || !runBound(given, results)) {
      Map<String, Value> values = run(given);
      results.forEach((name, tensor) -> put(name, values.get(name), tensor));
    }
  }

  private void checkNames(Map<String, Tensor> results) {
    int known = 0;
    for (int i = 0; i < outputNames.size(); i++) {
      known += results.containsKey(outputNames.get(i)) ? 1 : 0;
    }
    if (known != results.size()) {
      List<String> unknown =
          results.keySet().stream().filter(name -> !outputNames.contains(name)).sorted().toList();
      throw new GraphException(
          "no output is called %s; the outputs are %s".formatted(unknown, outputNames));
    }
  }

  private boolean runBound(Map<String, ? extends Value> given, Map<String, Tensor> results) {
    BoundPlans.Entry entry = beginBound(given);
    if (entry == null) {
      return false;
    }
    PlanMemory memory = null;
    boolean reusable = false;
    try {
      memory = bound.take(entry);
      compute(memory, new PlanEnds.Offer(inputNames, given, outputNames, results), PLAIN, null);
      for (int i = 0; i < outputNames.size(); i++) {
        Tensor tensor = results.get(outputNames.get(i));
        if (tensor != null && !memory.isInPlace(i)) {
          put(outputNames.get(i), memory.output(i), tensor);
        }
      }
      memory.clear();
      reusable = true;
      return true;
    } catch (PlanMemory.UnexpectedShape e) {
      bound.disable();
      return false;
    } finally {
      endBound(entry, memory, reusable);
    }
  }

  private static void put(String name, @Nullable Value value, Tensor tensor) {
    if (!(value instanceof Tensor result)
        || result.dtype() != tensor.dtype()
        || !result.shape().equals(tensor.shape())) {
      throw new GraphException(
          "output '%s' is %s, the tensor given for it is %s".formatted(name, value, tensor));
    }
    tensor.segment().copyFrom(result.segment());
  }

  /** Whether the run cannot be that of a bound plan. */
  private boolean isSpecial(Map<String, ? extends Value> given) {
    return given.size() != inputNames.size() || !options.optimised();
  }

  private @Nullable RunResult runBound(Map<String, ? extends Value> given, RunOptions runOptions) {
    BoundPlans.Entry entry = beginBound(given);
    if (entry == null) {
      return null;
    }
    PlanMemory memory = null;
    boolean reusable = false;
    try {
      memory = bound.take(entry);
      RunProfile profile = runOptions.profile() ? new RunProfile() : null;
      PlanEnds.Offer offer = new PlanEnds.Offer(inputNames, given, outputNames, null);
      compute(memory, offer, runOptions, profile);
      Map<String, Value> results = new LinkedHashMap<>();
      for (int i = 0; i < outputNames.size(); i++) {
        Value value = memory.takeOutput(i);
        if (value == null) {
          throw new GraphException("value '" + outputNames.get(i) + "' was not computed");
        }
        results.put(outputNames.get(i), value);
      }
      memory.clear();
      reusable = true;
      return new RunResult(
          results, profile == null ? List.of() : profile.nodes(), memory.peakBytes());
    } catch (PlanMemory.UnexpectedShape e) {
      bound.disable();
      return null;
    } finally {
      endBound(entry, memory, reusable);
    }
  }

  private static void compute(
      PlanMemory memory,
      PlanEnds.Offer offer,
      RunOptions runOptions,
      @Nullable RunProfile profile) {
    memory.settle(offer);
    memory.fill(offer);
    memory.run(runOptions, profile);
  }

  private BoundPlans.@Nullable Entry beginBound(Map<String, ? extends Value> given) {
    synchronized (this) {
      if (closed) {
        throw new IllegalStateException("the session is closed");
      }
      running++;
    }
    BoundPlans.Entry entry = null;
    try {
      entry = bound.begin(given);
      return entry;
    } finally {
      if (entry == null) {
        leave();
      }
    }
  }

  private void endBound(BoundPlans.Entry entry, @Nullable PlanMemory memory, boolean reusable) {
    if (memory != null) {
      bound.give(entry, memory, reusable);
    }
    bound.end(entry);
    leave();
  }

  private synchronized void leave() {
    running--;
    free();
  }

  private RunResult run(
      Map<String, ? extends Value> given, RunOptions runOptions, RunMemory memory) {
    Graph graph = model.graph();
    Plan chosen = chosenPlan(given, runOptions);
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
    RunProfile profile = runOptions.profile() ? new RunProfile() : null;
    Execution execution = new Execution(memory, runOptions, options.threads(), profile);
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
    return new RunResult(results, profile == null ? List.of() : profile.nodes(), memory.takePeak());
  }

  private Plan chosenPlan(Map<String, ? extends Value> given, RunOptions runOptions) {
    if (model.graph().initializers().keySet().stream().anyMatch(given::containsKey)) {
      if (runOptions.isObserved() && shown != null) {
        throw new GraphException("an observed run cannot replace initializers");
      }
      return plans.overridable();
    }
    return runOptions.isObserved() && shown == null
        ? plans.literal()
        : plans.fetching(runOptions.fetch());
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

  /** The values that the graph defines and that no run changes, by name. */
  public Map<String, Value> constants() {
    Plan literal = plans.literal();
    return literal.slots.entrySet().stream()
        .filter(entry -> literal.isConstant(entry.getValue()))
        .collect(
            Collectors.toMap(
                Map.Entry::getKey, entry -> result(literal, literal.constants, entry.getKey())));
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
      bound.close();
      plans.close();
    }
  }
}
