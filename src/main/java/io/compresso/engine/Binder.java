package io.compresso.engine;

import io.compresso.engine.ArenaLayout.Piece;
import io.compresso.engine.BoundPlan.BoundStep;
import io.compresso.engine.Plan.Step;
import io.compresso.graph.Graph;
import io.compresso.graph.Node;
import io.compresso.graph.ValueType;
import io.compresso.graph.ValueType.TensorType;
import io.compresso.kernel.PreparedKernel;
import io.compresso.kernel.Problem;
import io.compresso.kernel.Weights;
import io.compresso.op.Inferred;
import io.compresso.op.Lowered;
import io.compresso.op.LoweringContext;
import io.compresso.op.Operator;
import io.compresso.op.OperatorCatalog;
import io.compresso.op.ShapeContext;
import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
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
  /** Values that are computed here, of constants alone, may take so much more than these. */
  private static final long MOST_FOLDED = 1 << 20;

  /** From so many bytes on, a graph's output can be computed in the memory of the caller. */
  private static final long LEAST_GIVEN_AWAY = 1 << 16;

  private record Made(
      Step step,
      @Nullable Lowered lowered,
      @Nullable Piece work,
      List<KernelStore.Key> kernels,
      List<BoundBody> bodies) {}

  private final Plan plan;
  private final int threads;
  private final KernelStore kernels;
  private final Planner.ConstantEvaluator evaluator;
  private final @Nullable Value[] constants;
  private final Placement placement;
  private final List<Made> made = new ArrayList<>();

  private Binder(Plan plan, int threads, KernelStore kernels, Planner.ConstantEvaluator evaluator) {
    this.plan = plan;
    this.threads = threads;
    this.kernels = kernels;
    this.evaluator = evaluator;
    this.constants = plan.constants.clone();
    this.placement = new Placement(plan, constants);
  }

  /**
   * Binds a plan.
   *
   * @param inputs of the plan's inputs, in their order
   * @param evaluator computes nodes that depend on constants and shapes alone
   */
  static BoundPlan bind(
      Plan plan,
      List<TensorSpec> inputs,
      int threads,
      KernelStore kernels,
      Planner.ConstantEvaluator evaluator) {
    Binder binder = new Binder(plan, threads, kernels, evaluator);
    try {
      for (int i = 0; i < inputs.size(); i++) {
        binder.placement.addInput(i, plan.ends.inputs()[i], inputs.get(i));
      }
      binder.addAll();
      binder.placement.giveOutputsAway(LEAST_GIVEN_AWAY);
      return binder.bound(inputs);
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
    Binder binder = new Binder(body, threads, kernels, evaluator);
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
          binder.bound(inputs), captured.stream().mapToInt(Integer::intValue).toArray());
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
      kernels.release(step.kernels());
      step.bodies().forEach(body -> body.plan().close());
    }
  }

  private BoundPlan bound(List<TensorSpec> inputs) {
    long arenaBytes = placement.arrange();
    List<BoundStep> steps = new ArrayList<>();
    for (Made step : made) {
      long workspace = step.work() == null ? 0 : step.work().offset;
      steps.add(
          new BoundStep(step.step(), step.lowered(), workspace, step.kernels(), step.bodies()));
    }
    return new BoundPlan(
        plan,
        new BoundPlan.Parts(
            List.copyOf(inputs),
            List.copyOf(steps),
            placement.places(),
            constants,
            arenaBytes,
            placement.largest()),
        kernels);
  }

  private void add(int at, Step step) {
    Bodies bodies = new Bodies(step);
    try {
      add(at, step, bodies);
    } catch (RuntimeException e) {
      bodies.close();
      throw e;
    }
  }

  private void add(int at, Step step, Bodies bodies) {
    List<Inferred> inferred = infer(step, bodies);
    List<TensorSpec> outputs = specs(step, inferred);
    if (outputs == null) {
      bodies.close();
      made.add(new Made(step, null, null, List.of(), List.of()));
      return;
    }
    if (foldShapes(step, inferred) || fold(step, outputs)) {
      return;
    }
    Context context = new Context(step, outputs, bodies);
    Lowered lowered = lower(context);
    if (lowered == null || !addLowered(at, step, outputs, lowered, context)) {
      for (int i = 0; i < step.outputs.length; i++) {
        if (step.outputs[i] != Plan.NONE) {
          placement.add(at, step.outputs[i], outputs.get(i));
        }
      }
      bodies.close();
      made.add(new Made(step, null, null, List.of(), List.of()));
    }
  }

  private @Nullable Lowered lower(Context context) {
    Step step = context.step;
    Operator operator = OperatorCatalog.find(step.node.domain(), step.node.opType()).orElse(null);
    for (int slot : step.inputs) {
      if (slot != Plan.NONE
          && !(constants[slot] instanceof Tensor)
          && placement.specOrNull(slot) == null) {
        return null;
      }
    }
    Lowered lowered = null;
    try {
      lowered = operator == null ? null : operator.lower(context);
    } catch (RuntimeException _) {
      // The reference says what is wrong, if it comes to a run.
    }
    if (lowered == null) {
      kernels.release(context.keys);
    }
    return lowered;
  }

  private boolean addLowered(
      int at, Step step, List<TensorSpec> outputs, Lowered lowered, Context context) {
    if (!lowered.views().isEmpty()) {
      return placement.addViews(at, step, outputs, lowered.views());
    }
    placement.addOutputs(at, step, outputs, lowered);
    if (lowered.joins() && placement.join(at, step)) {
      kernels.release(context.keys);
      return true;
    }
    Piece work =
        lowered.workspaceBytes() > 0 ? placement.addWork(at, lowered.workspaceBytes()) : null;
    made.add(new Made(step, lowered, work, List.copyOf(context.keys), context.bodies.all()));
    return true;
  }

  /** Computes a node that depends on constants alone. */
  private boolean fold(Step step, List<TensorSpec> outputs) {
    if (step.reference == null || !Planner.isPure(step.node)) {
      return false;
    }
    List<@Nullable Value> inputs = new ArrayList<>();
    long bytes = MOST_FOLDED;
    for (int slot : step.inputs) {
      Value value = slot == Plan.NONE ? null : constants[slot];
      if (value == null && slot != Plan.NONE) {
        return false;
      }
      inputs.add(value);
      bytes += value instanceof Tensor tensor ? tensor.byteSize() : 0;
    }
    long needed = 0;
    for (int i = 0; i < step.outputs.length; i++) {
      needed += step.outputs[i] == Plan.NONE ? 0 : outputs.get(i).bytes();
    }
    List<? extends @Nullable Value> values =
        needed > bytes ? null : evaluator.evaluate(step, inputs);
    if (values == null) {
      return false;
    }
    for (int i = 0; i < step.outputs.length; i++) {
      if (step.outputs[i] != Plan.NONE
          && !(i < values.size()
              && values.get(i) instanceof Tensor tensor
              && TensorSpec.of(tensor).equals(outputs.get(i)))) {
        return false;
      }
    }
    for (int i = 0; i < step.outputs.length; i++) {
      if (step.outputs[i] != Plan.NONE) {
        constants[step.outputs[i]] = values.get(i);
      }
    }
    return true;
  }

  /** Makes constants of outputs that follow from shapes, such as those of {@code Shape}. */
  private boolean foldShapes(Step step, List<Inferred> inferred) {
    @Nullable Tensor[] values = new Tensor[step.outputs.length];
    for (int i = 0; i < values.length; i++) {
      values[i] = ShapeInference.constantOf(step.node, inferred.get(i));
      if (values[i] == null) {
        return false;
      }
    }
    for (int i = 0; i < values.length; i++) {
      if (step.outputs[i] != Plan.NONE) {
        constants[step.outputs[i]] = values[i];
      }
    }
    return values.length > 0;
  }

  /** What the shape rule says; nothing where it cannot be asked or refuses. */
  private List<Inferred> infer(Step step, Bodies bodies) {
    Optional<Operator> operator = OperatorCatalog.find(step.node.domain(), step.node.opType());
    if (step.function != null || operator.isEmpty()) {
      return List.of();
    }
    try {
      return operator.get().shapeRule().infer(new Shapes(step, bodies));
    } catch (RuntimeException e) {
      // The reference says what is wrong, if it comes to a run.
      return List.of();
    }
  }

  /** The types and shapes of the node's outputs; null when they are not all known. */
  private static @Nullable List<TensorSpec> specs(Step step, List<Inferred> inferred) {
    List<TensorSpec> specs = new ArrayList<>();
    for (int i = 0; i < step.outputs.length; i++) {
      Inferred output = i < inferred.size() ? ShapeInference.clean(inferred.get(i)) : null;
      Shape shape = null;
      if (output != null && output.type() instanceof TensorType type) {
        shape = type.dtype() == DType.STRING ? null : type.shapeOrNull();
        if (shape != null) {
          specs.add(new TensorSpec(type.dtype(), shape));
        }
      }
      if (shape == null) {
        if (step.outputs[i] != Plan.NONE) {
          return null;
        }
        specs.add(new TensorSpec(DType.FLOAT, Shape.of(0)));
      }
    }
    return specs;
  }

  private Inferred inferred(int slot) {
    if (constants[slot] instanceof Tensor tensor) {
      return ShapeInference.ofConstant(tensor);
    }
    TensorSpec spec = placement.specOrNull(slot);
    return spec == null
        ? Inferred.UNKNOWN
        : Inferred.of(ValueType.tensor(spec.dtype(), spec.shape()));
  }

  /** What a shape rule sees. */
  private final class Shapes implements ShapeContext {
    private final Step step;
    private final Bodies bodies;

    private Shapes(Step step, Bodies bodies) {
      this.step = step;
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
    public Inferred input(int index) {
      return index >= step.inputs.length || step.inputs[index] == Plan.NONE
          ? Inferred.UNKNOWN
          : Binder.this.inferred(step.inputs[index]);
    }

    @Override
    public @Nullable Tensor constant(int index) {
      return index < step.inputs.length
              && step.inputs[index] != Plan.NONE
              && constants[step.inputs[index]] instanceof Tensor tensor
          ? tensor
          : null;
    }

    @Override
    public List<Inferred> infer(Graph body, List<Inferred> inputs) {
      List<TensorSpec> specs = new ArrayList<>();
      for (Inferred input : inputs) {
        Shape shape =
            input.type() instanceof TensorType type && type.dtype() != DType.STRING
                ? type.shapeOrNull()
                : null;
        if (shape == null) {
          return unknown(body);
        }
        specs.add(new TensorSpec(((TensorType) input.type()).dtype(), shape));
      }
      BoundBody bound = bodies.get(body, specs);
      return bound == null
          ? unknown(body)
          : bound.outputs().stream()
              .map(spec -> Inferred.of(ValueType.tensor(spec.dtype(), spec.shape())))
              .toList();
    }

    private static List<Inferred> unknown(Graph body) {
      return body.outputs().stream().map(_ -> Inferred.UNKNOWN).toList();
    }
  }

  /** The subgraphs of one step, bound as its operator asks for them. */
  private final class Bodies {
    private final Step step;
    private final Map<Graph, Map<List<TensorSpec>, Optional<BoundBody>>> bound =
        new IdentityHashMap<>();

    private Bodies(Step step) {
      this.step = step;
    }

    private @Nullable BoundBody get(Graph graph, List<TensorSpec> inputs) {
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
      return threads;
    }

    @Override
    public @Nullable TensorSpec inputOrNull(int index) {
      if (index >= step.inputs.length || step.inputs[index] == Plan.NONE) {
        return null;
      }
      TensorSpec spec = placement.specOrNull(step.inputs[index]);
      if (spec != null) {
        return spec;
      }
      return constants[step.inputs[index]] instanceof Tensor tensor ? TensorSpec.of(tensor) : null;
    }

    @Override
    public @Nullable TensorSpec outputOrNull(int index) {
      return index < step.outputs.length && step.outputs[index] != Plan.NONE
          ? outputs.get(index)
          : null;
    }

    @Override
    public @Nullable Tensor constant(int index) {
      return index < step.inputs.length
              && step.inputs[index] != Plan.NONE
              && constants[step.inputs[index]] instanceof Tensor tensor
          ? tensor
          : null;
    }

    @Override
    public @Nullable BoundBody body(Graph body, List<TensorSpec> inputs) {
      return bodies.get(body, inputs);
    }

    @Override
    public PreparedKernel prepare(int part, Problem problem, Supplier<Weights> weights) {
      KernelStore.Key key = new KernelStore.Key(step, part, problem, ownConstants());
      PreparedKernel kernel = kernels.acquire(key, weights);
      keys.add(key);
      return kernel;
    }

    /** The constants among the inputs that are not the plan's but of these shapes. */
    private List<Object> ownConstants() {
      List<Object> own = new ArrayList<>(0);
      for (int slot : step.inputs) {
        Value value = slot == Plan.NONE ? null : constants[slot];
        if (value != null && value != plan.constants[slot]) {
          own.add(
              value instanceof Tensor tensor && tensor.dtype() != DType.STRING
                  ? tensor.segment()
                  : value);
        }
      }
      return own;
    }
  }
}
