package io.compresso.engine;

import io.compresso.engine.ArenaLayout.Piece;
import io.compresso.engine.BoundPlan.BoundStep;
import io.compresso.engine.BoundPlan.Home;
import io.compresso.engine.BoundPlan.Place;
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
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Makes the {@link BoundPlan} of a plan for inputs of given types and shapes. */
final class Binder {
  /** Values that are computed here, of constants alone, may take so much more than these. */
  private static final long MOST_FOLDED = 1 << 20;

  /** Memory of a value, which views and values written in place share. */
  private static final class Storage {
    private final Piece piece;
    private final int input;
    private int output = -1;
    private @Nullable Storage joined;
    private long joinedAt;

    private Storage(Piece piece, int input) {
      this.piece = piece;
      this.input = input;
    }

    private boolean isInput() {
      return input >= 0;
    }

    /** Whether the memory is no input's, no output's and no part of another. */
    private boolean isOwn() {
      return input < 0 && output < 0 && joined == null;
    }

    private Place place(long at, TensorSpec spec) {
      if (input >= 0) {
        return new Place(Home.INPUT, input, at, spec);
      }
      return output >= 0
          ? new Place(Home.OUTPUT, output, at, spec)
          : new Place(Home.ARENA, 0, offset() + at, spec);
    }

    private Storage root() {
      return joined == null ? this : joined.root();
    }

    private long offset() {
      return joined == null ? piece.offset : joinedAt + joined.offset();
    }
  }

  private record Located(Storage storage, long offset, TensorSpec spec) {}

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
  private final @Nullable Located[] located;
  private final int[] lastUse;
  private final List<Piece> pieces = new ArrayList<>();
  private final List<Made> made = new ArrayList<>();

  private Binder(Plan plan, int threads, KernelStore kernels, Planner.ConstantEvaluator evaluator) {
    this.plan = plan;
    this.threads = threads;
    this.kernels = kernels;
    this.evaluator = evaluator;
    this.constants = plan.constants.clone();
    this.located = new Located[constants.length];
    this.lastUse = lastUse(plan);
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
        binder.locateInput(i, plan.ends.inputs()[i], inputs.get(i));
      }
      binder.addAll();
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
      binder.locateInput(i, body.ends.inputs()[i], given.get(i));
    }
    for (Plan.Capture capture : body.captures) {
      Located around = located[capture.outer()];
      binder.constants[capture.inner()] = constants[capture.outer()];
      if (around != null) {
        binder.locateInput(inputs.size(), capture.inner(), around.spec());
        inputs.add(around.spec());
        captured.add(capture.outer());
      } else if (constants[capture.outer()] == null) {
        return null;
      }
    }
    try {
      binder.addAll();
      binder.giveOutputsAway();
      return BoundBody.of(
          binder.bound(inputs), captured.stream().mapToInt(Integer::intValue).toArray());
    } catch (RuntimeException e) {
      binder.close();
      throw e;
    }
  }

  private void locateInput(int index, int slot, TensorSpec spec) {
    Piece piece = new Piece(spec.bytes(), 0, plan.steps.size());
    located[slot] = new Located(new Storage(piece, index), 0, spec);
  }

  private void addAll() {
    for (int i = 0; i < plan.steps.size(); i++) {
      add(i, plan.steps.get(i));
    }
  }

  /** Lets outputs that have memory of their own be written where the caller wants them. */
  private void giveOutputsAway() {
    int[] slots = plan.ends.outputs();
    for (int i = 0; i < slots.length; i++) {
      Located output = located[slots[i]];
      if (output != null
          && output.storage().isOwn()
          && output.offset() == 0
          && output.storage().piece.bytes == output.spec().bytes()) {
        output.storage().output = i;
        pieces.remove(output.storage().piece);
      }
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
    long arenaBytes = ArenaLayout.place(pieces);
    List<BoundStep> steps = new ArrayList<>();
    for (Made step : made) {
      long workspace = step.work() == null ? 0 : step.work().offset;
      steps.add(
          new BoundStep(step.step(), step.lowered(), workspace, step.kernels(), step.bodies()));
    }
    @Nullable Place[] places = new Place[located.length];
    for (int slot = 0; slot < places.length; slot++) {
      Located value = located[slot];
      if (value != null) {
        places[slot] = value.storage().place(value.offset(), value.spec());
      }
    }
    return new BoundPlan(
        plan,
        new BoundPlan.Parts(
            List.copyOf(inputs), List.copyOf(steps), places, constants, arenaBytes, largest()),
        kernels);
  }

  private @Nullable Node largest() {
    long[] change = new long[plan.steps.size() + 2];
    for (Piece piece : pieces) {
      change[piece.first] += piece.bytes;
      change[piece.last + 1] -= piece.bytes;
    }
    Node largest = null;
    long bytes = 0;
    long most = 0;
    for (int i = 0; i < plan.steps.size(); i++) {
      bytes += change[i];
      if (bytes > most) {
        most = bytes;
        largest = plan.steps.get(i).node;
      }
    }
    return largest;
  }

  /** For each slot the last step that reads it; one after the last step for outputs. */
  private static int[] lastUse(Plan plan) {
    int[] last = new int[plan.constants.length];
    Arrays.fill(last, -1);
    for (int i = 0; i < plan.steps.size(); i++) {
      int at = i;
      Step step = plan.steps.get(i);
      for (int slot : step.inputs) {
        if (slot != Plan.NONE) {
          last[slot] = at;
        }
      }
      step.bodies
          .values()
          .forEach(body -> body.captures.forEach(capture -> last[capture.outer()] = at));
    }
    for (int slot : plan.ends.outputs()) {
      last[slot] = plan.steps.size();
    }
    return last;
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
          locate(at, step.outputs[i], outputs.get(i));
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
      if (slot != Plan.NONE && !(constants[slot] instanceof Tensor) && located[slot] == null) {
        return null;
      }
    }
    if (operator == null) {
      return null;
    }
    try {
      Lowered lowered = operator.lower(context);
      if (lowered == null) {
        kernels.release(context.keys);
      }
      return lowered;
    } catch (RuntimeException e) {
      // The reference says what is wrong, if it comes to a run.
      kernels.release(context.keys);
      return null;
    }
  }

  private boolean addLowered(
      int at, Step step, List<TensorSpec> outputs, Lowered lowered, Context context) {
    if (!lowered.views().isEmpty()) {
      return addViews(at, step, outputs, lowered.views());
    }
    for (int i = 0; i < step.outputs.length; i++) {
      int slot = step.outputs[i];
      if (slot == Plan.NONE) {
        continue;
      }
      Storage overwritten = i == 0 ? overwritten(at, step, outputs.get(0), lowered) : null;
      if (overwritten != null) {
        located[slot] = new Located(overwritten, 0, outputs.get(0));
        overwritten.piece.last = Math.max(overwritten.piece.last, lastUse[slot]);
      } else {
        locate(at, slot, outputs.get(i));
      }
    }
    if (lowered.joins() && join(at, step)) {
      kernels.release(context.keys);
      return true;
    }
    Piece work = null;
    if (lowered.workspaceBytes() > 0) {
      work = new Piece(lowered.workspaceBytes(), at, at);
      pieces.add(work);
    }
    made.add(new Made(step, lowered, work, List.copyOf(context.keys), context.bodies.all()));
    return true;
  }

  private boolean addViews(int at, Step step, List<TensorSpec> outputs, List<Lowered.View> views) {
    if (!fit(step, outputs, views)) {
      return false;
    }
    for (int i = 0; i < step.outputs.length; i++) {
      int slot = step.outputs[i];
      if (slot == Plan.NONE) {
        continue;
      }
      Lowered.View view = views.get(i);
      int input = step.inputs[view.input()];
      TensorSpec spec = outputs.get(i);
      if (constants[input] instanceof Tensor tensor) {
        MemorySegment part = tensor.segment().asSlice(view.offset(), spec.bytes());
        constants[slot] = Tensor.wrap(spec.dtype(), spec.shape(), part);
        continue;
      }
      Located source = located[input];
      if (source == null) {
        return false;
      }
      located[slot] = new Located(source.storage(), source.offset() + view.offset(), spec);
      Piece piece = source.storage().root().piece;
      piece.last = Math.max(piece.last, Math.max(at, lastUse[slot]));
    }
    return true;
  }

  /** Whether the views lie in what they are views of; in wrong models they may not. */
  private boolean fit(Step step, List<TensorSpec> outputs, List<Lowered.View> views) {
    for (int i = 0; i < step.outputs.length; i++) {
      if (step.outputs[i] != Plan.NONE) {
        int input = step.inputs[views.get(i).input()];
        Located source = located[input];
        long bytes =
            constants[input] instanceof Tensor tensor
                ? tensor.byteSize()
                : source == null ? -1 : source.spec().bytes();
        if (views.get(i).offset() + outputs.get(i).bytes() > bytes) {
          return false;
        }
      }
    }
    return true;
  }

  /** The memory of an input that ends here and that output 0 may take, or null. */
  private @Nullable Storage overwritten(int at, Step step, TensorSpec output, Lowered lowered) {
    for (int input : lowered.overwritable()) {
      int slot = input < step.inputs.length ? step.inputs[input] : Plan.NONE;
      Located value = slot == Plan.NONE ? null : located[slot];
      if (value == null
          || value.storage().isInput()
          || value.storage().joined != null
          || value.offset() != 0
          || value.storage().piece.last > at
          || value.storage().piece.bytes != output.bytes()
          || value.spec().bytes() != output.bytes()) {
        continue;
      }
      boolean readElsewhere = false;
      for (int i = 0; i < step.inputs.length; i++) {
        int other = step.inputs[i];
        Located read = other == Plan.NONE ? null : located[other];
        readElsewhere |=
            read != null
                && read.storage() == value.storage()
                && !(lowered.overwritable().contains(i)
                    && read.offset() == value.offset()
                    && read.spec().bytes() == output.bytes());
      }
      if (!readElsewhere) {
        return value.storage();
      }
    }
    return null;
  }

  /**
   * Lets the inputs be written where they belong in output 0. Possible where each has memory of its
   * own that is nothing else's.
   */
  private boolean join(int at, Step step) {
    Located output = located[step.outputs[0]];
    if (output == null) {
      return false;
    }
    List<Storage> parts = new ArrayList<>();
    for (int slot : step.inputs) {
      Located value = slot == Plan.NONE ? null : located[slot];
      if (value == null
          || value.storage().isInput()
          || value.storage().joined != null
          || value.offset() != 0
          || value.storage().piece.bytes != value.spec().bytes()
          || value.spec().bytes() % ArenaLayout.ALIGNMENT != 0
          || parts.contains(value.storage())) {
        return false;
      }
      parts.add(value.storage());
    }
    Storage target = output.storage();
    int first = at;
    int last = target.piece.last;
    for (Storage part : parts) {
      first = Math.min(first, part.piece.first);
      last = Math.max(last, part.piece.last);
      pieces.remove(part.piece);
    }
    pieces.remove(target.piece);
    Piece whole = new Piece(target.piece.bytes, first, last);
    pieces.add(whole);
    Storage root = new Storage(whole, -1);
    target.joined = root;
    long offset = 0;
    for (Storage part : parts) {
      part.joined = root;
      part.joinedAt = offset;
      offset += part.piece.bytes;
    }
    return true;
  }

  private void locate(int at, int slot, TensorSpec spec) {
    Piece piece = new Piece(spec.bytes(), at, Math.max(at, lastUse[slot]));
    pieces.add(piece);
    located[slot] = new Located(new Storage(piece, -1), 0, spec);
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
    Located value = located[slot];
    return value == null
        ? Inferred.UNKNOWN
        : Inferred.of(ValueType.tensor(value.spec().dtype(), value.spec().shape()));
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
    private record Key(Graph graph, List<TensorSpec> inputs) {
      @Override
      public boolean equals(Object other) {
        return other instanceof Key(Graph theirs, var specs)
            && theirs == graph
            && specs.equals(inputs);
      }

      @Override
      public int hashCode() {
        return 31 * System.identityHashCode(graph) + inputs.hashCode();
      }
    }

    private final Step step;
    private final Map<Key, Optional<BoundBody>> bound = new HashMap<>();

    private Bodies(Step step) {
      this.step = step;
    }

    private @Nullable BoundBody get(Graph graph, List<TensorSpec> inputs) {
      Key key = new Key(graph, List.copyOf(inputs));
      Optional<BoundBody> known = bound.get(key);
      if (known == null) {
        known = Optional.ofNullable(bindBody(step, graph, key.inputs()));
        bound.put(key, known);
      }
      return known.orElse(null);
    }

    private List<BoundBody> all() {
      return bound.values().stream().flatMap(Optional::stream).toList();
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
      Located value = located[step.inputs[index]];
      if (value != null) {
        return value.spec();
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
      KernelStore.Key key = new KernelStore.Key(step, part, problem);
      PreparedKernel kernel = kernels.acquire(key, weights);
      keys.add(key);
      return kernel;
    }
  }
}
