package io.compresso.engine;

import io.compresso.engine.ArenaLayout.Piece;
import io.compresso.engine.BoundPlan.BoundStep;
import io.compresso.engine.BoundPlan.Finding;
import io.compresso.engine.Plan.Step;
import io.compresso.graph.Graph;
import io.compresso.graph.Node;
import io.compresso.kernel.PreparedKernel;
import io.compresso.kernel.Problem;
import io.compresso.kernel.Weights;
import io.compresso.op.Lowered;
import io.compresso.op.LoweringContext;
import io.compresso.op.Operator;
import io.compresso.op.OperatorCatalog;
import io.compresso.tensor.Tensor;
import io.compresso.tensor.TensorSpec;
import io.compresso.tensor.Value;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Makes the {@link BoundPlan} of a plan for inputs of given types and shapes. */
final class Binder {
  /** From so many bytes on, a graph's output can be computed in the memory of the caller. */
  private static final long LEAST_GIVEN_AWAY = 1 << 16;

  private record Made(
      Step step,
      @Nullable Lowered lowered,
      @Nullable Piece work,
      List<KernelStore.Key> kernels,
      List<BoundBody> bodies) {}

  /**
   * What the bound plans of a session have in common.
   *
   * @param evaluator computes nodes that depend on constants and shapes alone
   */
  record Setting(int threads, KernelStore kernels, Planner.ConstantEvaluator evaluator) {}

  private final Plan plan;
  private final Setting setting;
  private final @Nullable Value[] constants;
  private final Placement placement;
  private final KnownValues known;

  /** The same plan, bound otherwise; null without. */
  private final @Nullable BoundPlan like;

  private final @Nullable Finding[] findings;
  private final List<Made> made = new ArrayList<>();

  private Binder(Plan plan, Setting setting, @Nullable BoundPlan like) {
    this.plan = plan;
    this.setting = setting;
    this.constants = plan.constants.clone();
    this.placement = new Placement(plan, constants);
    this.known = new KnownValues(plan, constants, placement, setting.evaluator());
    this.like = like;
    this.findings = new Finding[plan.steps.size()];
  }

  /**
   * Binds a plan.
   *
   * @param inputs of the plan's inputs, in their order
   * @param values of the inputs whose values every run of the bound plan gives, by input; null for
   *     the others
   * @param like the same plan, bound otherwise; what does not differ is taken from it. Null without
   */
  static BoundPlan bind(
      Plan plan,
      List<TensorSpec> inputs,
      List<@Nullable Tensor> values,
      Setting setting,
      @Nullable BoundPlan like) {
    Binder binder = new Binder(plan, setting, like);
    try {
      for (int i = 0; i < inputs.size(); i++) {
        int slot = plan.ends.inputs()[i];
        binder.placement.addInput(i, slot, inputs.get(i));
        binder.constants[slot] = values.get(i);
      }
      binder.addAll();
      binder.placement.giveOutputsAway(LEAST_GIVEN_AWAY);
      return binder.bound(inputs, values);
    } catch (RuntimeException e) {
      binder.close();
      throw e;
    }
  }

  /**
   * Binds a subgraph of a step.
   *
   * @return null where the types and shapes of its outputs do not follow
   */
  private @Nullable BoundBody bindBody(Step step, Graph graph, List<TensorSpec> given) {
    Plan body = step.bodies.get(graph);
    if (body == null || body.ends.inputs().length != given.size()) {
      return null;
    }
    Binder binder = new Binder(body, setting, null);
    List<TensorSpec> inputs = new ArrayList<>(given);
    List<Integer> captured = new ArrayList<>();
    for (int i = 0; i < given.size(); i++) {
      binder.placement.addInput(i, body.ends.inputs()[i], given.get(i));
    }
    for (Plan.Capture capture : body.captures) {
      TensorSpec around = placement.specOrNull(capture.outer());
      binder.constants[capture.inner()] = constants[capture.outer()];
      if (around != null) {
        binder.placement.addInput(inputs.size(), capture.inner(), around);
        inputs.add(around);
        captured.add(capture.outer());
      } else if (constants[capture.outer()] == null) {
        return null;
      }
    }
    try {
      binder.addAll();
      binder.placement.giveOutputsAway(0);
      return BoundBody.of(
          binder.bound(inputs, List.of()), captured.stream().mapToInt(Integer::intValue).toArray());
    } catch (RuntimeException e) {
      binder.close();
      throw e;
    }
  }

  private void addAll() {
    for (int i = 0; i < plan.steps.size(); i++) {
      add(i, plan.steps.get(i));
    }
  }

  /** Gives back what the steps hold. */
  private void close() {
    for (Made step : made) {
      setting.kernels().release(step.kernels());
      step.bodies().forEach(body -> body.plan().close());
    }
  }

  private BoundPlan bound(List<TensorSpec> inputs, List<@Nullable Tensor> values) {
    long arenaBytes = placement.arrange(like);
    List<BoundStep> steps = new ArrayList<>();
    for (Made step : made) {
      long workspace = step.work() == null ? 0 : step.work().offset;
      steps.add(
          new BoundStep(step.step(), step.lowered(), workspace, step.kernels(), step.bodies()));
    }
    return new BoundPlan(
        plan,
        new BoundPlan.Parts(
            new BoundPlan.Given(
                List.copyOf(inputs), new ArrayList<>(values), known.decidingInputs(inputs)),
            List.copyOf(steps),
            findings,
            placement.pieces(),
            placement.places(),
            constants,
            arenaBytes,
            placement.largest()),
        setting.kernels());
  }

  private void add(int at, Step step) {
    if (addFound(at, step)) {
      return;
    }
    Bodies bodies = new Bodies(step);
    try {
      add(at, step, bodies);
    } catch (RuntimeException e) {
      bodies.close();
      throw e;
    }
  }

  /** Does what was done for the other plan, if the step's inputs are as they are there. */
  private boolean addFound(int at, Step step) {
    Finding found = like == null ? null : like.parts.findings()[at];
    if (like == null || found == null || !known.areInputsLike(like, step)) {
      return false;
    }
    List<? extends @Nullable Value> values = found.constants();
    Lowered lowered = found.lowered();
    if (values != null) {
      known.setConstants(step, values);
    } else if (lowered == null || !place(at, step, found.outputs(), lowered)) {
      return false;
    } else if (lowered.views().isEmpty()) {
      setting.kernels().retain(found.kernels());
      made.add(new Made(step, lowered, work(at, lowered), found.kernels(), List.of()));
    }
    findings[at] = found;
    return true;
  }

  private void add(int at, Step step, Bodies bodies) {
    KnownValues.Outputs outputs = known.infer(step, bodies);
    if (outputs == null) {
      addReference(step, bodies);
      return;
    }
    List<TensorSpec> specs = outputs.specs();
    if (outputs.constants() != null) {
      bodies.close();
      findings[at] = new Finding(specs, outputs.constants(), null, List.of());
      return;
    }
    Context context = new Context(step, specs, bodies);
    Lowered lowered = lower(context);
    if (lowered == null || !addLowered(at, lowered, context)) {
      for (int i = 0; i < step.outputs.length; i++) {
        if (step.outputs[i] != Plan.NONE) {
          placement.add(at, step.outputs[i], specs.get(i));
        }
      }
      addReference(step, bodies);
    }
  }

  private void addReference(Step step, Bodies bodies) {
    bodies.close();
    made.add(new Made(step, null, null, List.of(), List.of()));
  }

  private @Nullable Lowered lower(Context context) {
    Step step = context.step;
    Operator operator = OperatorCatalog.find(step.node.domain(), step.node.opType()).orElse(null);
    Lowered lowered = null;
    try {
      lowered = operator == null || !known.areInputsKnown(step) ? null : operator.lower(context);
    } catch (RuntimeException _) {
      // The reference says what is wrong, if it comes to a run.
    }
    if (lowered == null) {
      setting.kernels().release(context.keys);
    }
    return lowered;
  }

  private boolean addLowered(int at, Lowered lowered, Context context) {
    Step step = context.step;
    if (!place(at, step, context.outputs, lowered)) {
      return false;
    }
    List<KernelStore.Key> keys = List.copyOf(context.keys);
    if (step.bodies.isEmpty() && !lowered.joins()) {
      findings[at] = new Finding(context.outputs, null, lowered, keys);
    }
    if (!lowered.views().isEmpty()) {
      return true;
    }
    if (lowered.joins() && placement.join(at, step)) {
      setting.kernels().release(keys);
      return true;
    }
    made.add(new Made(step, lowered, work(at, lowered), keys, context.bodies.all()));
    return true;
  }

  private boolean place(int at, Step step, List<TensorSpec> outputs, Lowered lowered) {
    if (!lowered.views().isEmpty()) {
      return placement.addViews(at, step, outputs, lowered.views());
    }
    placement.addOutputs(at, step, outputs, lowered);
    return true;
  }

  private @Nullable Piece work(int at, Lowered lowered) {
    return lowered.workspaceBytes() > 0 ? placement.addWork(at, lowered.workspaceBytes()) : null;
  }

  /** The subgraphs of one step, bound as its operator asks for them. */
  private final class Bodies implements KnownValues.BodyBinder {
    private final Step step;
    private final Map<Graph, Map<List<TensorSpec>, Optional<BoundBody>>> bound =
        new IdentityHashMap<>();

    private Bodies(Step step) {
      this.step = step;
    }

    @Override
    public @Nullable BoundBody get(Graph graph, List<TensorSpec> inputs) {
      List<TensorSpec> specs = List.copyOf(inputs);
      Map<List<TensorSpec>, Optional<BoundBody>> ofGraph =
          bound.computeIfAbsent(graph, _ -> new HashMap<>());
      Optional<BoundBody> known = ofGraph.get(specs);
      if (known == null) {
        known = Optional.ofNullable(bindBody(step, graph, specs));
        ofGraph.put(specs, known);
      }
      return known.orElse(null);
    }

    private List<BoundBody> all() {
      if (bound.isEmpty()) {
        return List.of();
      }
      return bound.values().stream()
          .flatMap(ofGraph -> ofGraph.values().stream())
          .flatMap(Optional::stream)
          .toList();
    }

    private void close() {
      all().forEach(body -> body.plan().close());
      bound.clear();
    }
  }

  /** What an operator sees that is lowered. */
  private final class Context implements LoweringContext {
    private final Step step;
    private final List<TensorSpec> outputs;
    private final Bodies bodies;
    private final List<KernelStore.Key> keys = new ArrayList<>();

    private Context(Step step, List<TensorSpec> outputs, Bodies bodies) {
      this.step = step;
      this.outputs = outputs;
      this.bodies = bodies;
    }

    @Override
    public Node node() {
      return step.node;
    }

    @Override
    public int opset() {
      return step.opset;
    }

    @Override
    public int threads() {
      return setting.threads();
    }

    @Override
    public @Nullable TensorSpec inputOrNull(int index) {
      return known.specOrNull(step, index);
    }

    @Override
    public @Nullable TensorSpec outputOrNull(int index) {
      return index < step.outputs.length && step.outputs[index] != Plan.NONE
          ? outputs.get(index)
          : null;
    }

    @Override
    public @Nullable Tensor constant(int index) {
      return known.constant(step, index);
    }

    @Override
    public @Nullable BoundBody body(Graph body, List<TensorSpec> inputs) {
      return bodies.get(body, inputs);
    }

    @Override
    public PreparedKernel prepare(int part, Problem problem, Supplier<Weights> weights) {
      KernelStore.Key key = new KernelStore.Key(step, part, problem, known.ownConstants(step));
      PreparedKernel kernel = setting.kernels().acquire(key, weights);
      keys.add(key);
      return kernel;
    }
  }
}
