package io.compresso.engine;

import io.compresso.engine.Plan.Capture;
import io.compresso.engine.Plan.Step;
import io.compresso.graph.Graph;
import io.compresso.graph.GraphException;
import io.compresso.graph.Node;
import io.compresso.op.OpContext;
import io.compresso.tensor.DType;
import io.compresso.tensor.OptionalValue;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import io.compresso.tensor.TensorMap;
import io.compresso.tensor.TensorSequence;
import io.compresso.tensor.TensorSpec;
import io.compresso.tensor.Value;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CancellationException;
import java.util.function.Predicate;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** One run of a plan. */
final class Execution {
  private final RunMemory memory;
  private final RunOptions options;
  private final int threads;
  private final boolean binds;

  /** Of the graph or subgraph that runs; null when nobody asks. */
  private @Nullable RunProfile profile;

  /** A run node by node, also in subgraphs. */
  Execution(RunMemory memory, RunOptions options, int threads, @Nullable RunProfile profile) {
    this(memory, options, threads, profile, false);
  }

  /** A run whose subgraphs may be bound. */
  static Execution ofBound(
      RunMemory memory, RunOptions options, int threads, @Nullable RunProfile profile) {
    return new Execution(memory, options, threads, profile, true);
  }

  private Execution(
      RunMemory memory,
      RunOptions options,
      int threads,
      @Nullable RunProfile profile,
      boolean binds) {
    this.memory = memory;
    this.options = options;
    this.threads = threads;
    this.profile = profile;
    this.binds = binds;
  }

  /**
   * Runs the graph itself.
   *
   * @param inputs in the order of the plan's inputs
   * @param fetched the slots whose values must outlive their last reader
   * @return the frame after the last node
   */
  @Nullable Value[] runGraph(Plan plan, List<Value> inputs, BitSet fetched) {
    @Nullable Value[] frame = plan.constants.clone();
    for (int i = 0; i < inputs.size(); i++) {
      store(frame, plan.ends.inputs()[i], inputs.get(i));
    }
    for (Step step : plan.steps) {
      run(plan, step, frame, fetched, true);
    }
    return frame;
  }

  /** Runs a subgraph or function of a step; its outputs are retained for the caller. */
  private List<@Nullable Value> runBody(
      Step caller,
      Plan plan,
      List<? extends @Nullable Value> inputs,
      @Nullable Value @Nullable [] around) {
    RunProfile outer = profile;
    profile = inside(caller, plan);
    try {
      return runBody(plan, inputs, around);
    } finally {
      profile = outer;
    }
  }

  private @Nullable RunProfile inside(Step caller, Plan body) {
    return profile == null ? null : profile.row(caller).body(body);
  }

  private List<@Nullable Value> runBody(
      Plan plan, List<? extends @Nullable Value> inputs, @Nullable Value @Nullable [] around) {
    @Nullable Value[] frame = plan.constants.clone();
    for (int i = 0; i < inputs.size(); i++) {
      Value input = inputs.get(i);
      if (input != null) {
        store(frame, plan.ends.inputs()[i], input);
      }
    }
    for (Capture capture : plan.captures) {
      Value value = around == null ? null : around[capture.outer()];
      if (value != null) {
        store(frame, capture.inner(), value);
      }
    }
    BitSet none = new BitSet();
    for (Step step : plan.steps) {
      run(plan, step, frame, none, false);
    }
    List<@Nullable Value> outputs = new ArrayList<>();
    for (int slot : plan.ends.outputs()) {
      Value value = frame[slot];
      outputs.add(value);
      if (value != null) {
        memory.retain(value);
      }
    }
    for (int slot = 0; slot < frame.length; slot++) {
      Value value = frame[slot];
      if (value != null && !plan.isConstant(slot)) {
        memory.release(value);
      }
    }
    return outputs;
  }

  private void store(@Nullable Value[] frame, int slot, Value value) {
    memory.retain(value);
    frame[slot] = value;
  }

  private void run(
      Plan plan, Step step, @Nullable Value[] frame, BitSet fetched, boolean listened) {
    options.cancel().check();
    RunProfile.Row row = profile == null ? null : profile.row(step);
    long start = row == null ? 0 : System.nanoTime();
    Call call = new Call(plan, step, frame);
    List<? extends @Nullable Value> outputs = call.run();
    long bytes = 0;
    for (int i = 0; i < step.outputs.length; i++) {
      Value output = i < outputs.size() ? outputs.get(i) : null;
      if (output == null || step.outputs[i] == Plan.NONE) {
        continue;
      }
      store(frame, step.outputs[i], output);
      bytes += bytes(output);
      if (listened) {
        options.listener().onValue(step.node.outputs().get(i), output);
      }
    }
    call.finish();
    for (int slot : step.dead) {
      Value value = frame[slot];
      if (value != null && !fetched.get(slot)) {
        memory.release(value);
        frame[slot] = null;
      }
    }
    if (row != null) {
      row.add(System.nanoTime() - start, bytes, List.of());
    }
  }

  static long bytes(Value value) {
    return switch (value) {
      case Tensor tensor -> tensor.byteSize();
      case TensorSequence(var _, var elements) ->
          elements.stream().mapToLong(Execution::bytes).sum();
      case TensorMap(Tensor keys, Tensor values) -> keys.byteSize() + values.byteSize();
      case OptionalValue(Value inner) -> inner == null ? 0 : bytes(inner);
    };
  }

  /**
   * Runs a step of a bound plan by its reference. Results that have a place are put there, others
   * do not share the memory of the places.
   */
  void runBound(
      BoundPlan bound,
      Step step,
      @Nullable Value[] frame,
      MemorySegment arena,
      List<Tensor> givenInputs) {
    Call call = new Call(bound.plan, step, frame);
    call.places = new ArrayList<>();
    for (int slot : step.outputs) {
      if (slot != Plan.NONE && bound.parts.places()[slot] != null) {
        call.places.add((Tensor) Objects.requireNonNull(frame[slot]));
      }
    }
    List<? extends @Nullable Value> outputs = call.run();
    List<@Nullable Value> moved = new ArrayList<>();
    Map<RunMemory.Part, Tensor> copies = new HashMap<>();
    for (int i = 0; i < step.outputs.length; i++) {
      Value output = i < outputs.size() ? outputs.get(i) : null;
      int slot = step.outputs[i];
      boolean inPlace =
          output instanceof Tensor tensor
              && slot != Plan.NONE
              && frame[slot] instanceof Tensor place
              && tensor.segment().address() == place.segment().address();
      moved.add(
          output == null || inPlace
              ? output
              : own(output, tensor -> isShared(tensor, arena, givenInputs), call, copies));
    }
    for (int i = 0; i < step.outputs.length; i++) {
      Value output = moved.get(i);
      int slot = step.outputs[i];
      if (slot == Plan.NONE) {
        continue;
      }
      if (bound.parts.places()[slot] != null) {
        put(step, output, (Tensor) Objects.requireNonNull(frame[slot]));
      } else if (output != null) {
        store(frame, slot, output);
        if (options.isObserved()) {
          options.listener().onValue(step.node.outputs().get(i), output);
        }
      }
    }
    call.finish();
    for (int slot : step.dead) {
      Value value = frame[slot];
      if (value != null && bound.isTransient(slot)) {
        memory.release(value);
        frame[slot] = null;
      }
    }
  }

  private static void put(Step step, @Nullable Value output, Tensor place) {
    if (!(output instanceof Tensor tensor)
        || tensor.dtype() != place.dtype()
        || !tensor.shape().equals(place.shape())) {
      throw new PlanMemory.UnexpectedShape(
          "%s gave %s where %s was expected".formatted(step.node.label(), output, place));
    }
    if (tensor.segment().address() != place.segment().address()) {
      place.segment().copyFrom(tensor.segment());
    }
  }

  /**
   * The value without memory of the places, which later steps use again. What the elements of a
   * sequence share is copied once.
   */
  private static Value own(
      Value value, Predicate<Tensor> shared, Call call, Map<RunMemory.Part, Tensor> copies) {
    return switch (value) {
      case Tensor tensor ->
          shared.test(tensor)
              ? copies.computeIfAbsent(
                  RunMemory.Part.of(tensor),
                  _ -> {
                    Tensor copy = call.fresh(TensorSpec.of(tensor));
                    copy.segment().copyFrom(tensor.segment());
                    return copy;
                  })
              : tensor;
      case TensorSequence(var type, var elements) ->
          new TensorSequence(
              type, elements.stream().map(element -> own(element, shared, call, copies)).toList());
      case TensorMap(Tensor keys, Tensor values) ->
          new TensorMap(
              (Tensor) own(keys, shared, call, copies), (Tensor) own(values, shared, call, copies));
      case OptionalValue(Value inner) ->
          new OptionalValue(inner == null ? null : own(inner, shared, call, copies));
    };
  }

  private static boolean isShared(Tensor tensor, MemorySegment arena, List<Tensor> givenInputs) {
    return tensor.dtype() != DType.STRING
        && (within(tensor, arena)
            || givenInputs.stream().anyMatch(input -> within(tensor, input.segment())));
  }

  private static boolean within(Tensor tensor, MemorySegment memory) {
    long offset = tensor.segment().address() - memory.address();
    return tensor.segment().isNative() && offset >= 0 && offset < memory.byteSize();
  }

  /** Computes a step outside of any run: its outputs are the caller's own. */
  static List<@Nullable Value> evaluate(
      RunMemory memory, int threads, Step step, List<@Nullable Value> inputs) {
    return new Execution(memory, RunOptions.plain(), threads, null).evaluate(step, inputs);
  }

  private List<@Nullable Value> evaluate(Step step, List<@Nullable Value> inputs) {
    Call call = new Call(null, step, inputs.toArray(new Value[0]));
    List<@Nullable Value> detached = new ArrayList<>();
    for (Value output : call.run()) {
      if (output != null) {
        memory.retain(output);
      }
      detached.add(output == null ? null : memory.detach(output));
    }
    call.finish();
    return detached;
  }

  /** What the operator of one step sees. */
  private final class Call implements OpContext {
    private final @Nullable Plan plan;
    private final Step step;
    private final @Nullable Value[] frame;
    private final List<RunMemory.Block> blocks = new ArrayList<>(2);
    private final List<Value> held = new ArrayList<>(0);
    private boolean preparing;

    /** Where results may be put that are allocated with their types and shapes. */
    private List<Tensor> places = List.of();

    /** With no plan the frame holds the inputs themselves. */
    Call(@Nullable Plan plan, Step step, @Nullable Value[] frame) {
      this.plan = plan;
      this.step = step;
      this.frame = frame;
    }

    List<? extends @Nullable Value> run() {
      try {
        if (step.function != null) {
          List<@Nullable Value> outputs = runBody(step, step.function, inputs(), null);
          outputs.forEach(this::hold);
          return outputs;
        }
        if (step.reference == null) {
          throw error("operator cannot be computed");
        }
        return step.reference.run(this);
      } catch (GraphException | CancellationException e) {
        throw e;
      } catch (RuntimeException | OutOfMemoryError e) {
        throw NodeFailures.of(step.node, e, inputs());
      }
    }

    private List<@Nullable Value> inputs() {
      @Nullable Value[] inputs = new Value[step.inputs.length];
      Arrays.setAll(inputs, this::input);
      return Arrays.asList(inputs);
    }

    /** Lets go of what the operator did not return. */
    void finish() {
      held.forEach(memory::release);
      blocks.forEach(memory::sweep);
    }

    private void hold(@Nullable Value value) {
      if (value != null) {
        held.add(value);
      }
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
    public @Nullable Value input(int index) {
      if (index >= step.inputs.length || step.inputs[index] == Plan.NONE) {
        return null;
      }
      return frame[plan == null ? index : step.inputs[index]];
    }

    @Override
    public Tensor allocate(DType dtype, Shape shape) {
      return allocate(dtype, shape, true);
    }

    @Override
    public Tensor allocateUncleared(DType dtype, Shape shape) {
      return allocate(dtype, shape, false);
    }

    private synchronized Tensor allocate(DType dtype, Shape shape, boolean clear) {
      if (preparing || dtype == DType.STRING) {
        return Tensor.allocate(dtype, shape);
      }
      for (int i = 0; i < places.size(); i++) {
        Tensor place = places.get(i);
        if (place.dtype() == dtype && place.shape().equals(shape)) {
          places.remove(i);
          if (clear) {
            place.segment().fill((byte) 0);
          }
          return place;
        }
      }
      long bytes = dtype.bytes(shape.size());
      RunMemory.Block block = memory.take(step.node, bytes, clear);
      blocks.add(block);
      return Tensor.wrap(dtype, shape, RunMemory.segment(block, bytes));
    }

    @Override
    public int threads() {
      return threads;
    }

    @Override
    public List<Value> run(Graph body, Map<String, Value> inputs) {
      Plan bodyPlan = step.body(body);
      List<@Nullable Value> values = new ArrayList<>();
      for (String name : bodyPlan.ends.inputNames()) {
        values.add(inputs.get(name));
      }
      List<Value> outputs = bound(bodyPlan, values);
      if (outputs != null) {
        outputs.forEach(memory::retain);
        outputs.forEach(this::hold);
        return outputs;
      }
      outputs = new ArrayList<>();
      for (Value output : runBody(step, bodyPlan, values, frame)) {
        if (output == null) {
          throw error("subgraph '" + body.name() + "' did not compute an output");
        }
        hold(output);
        outputs.add(output);
      }
      return outputs;
    }

    /** The outputs of a subgraph run by a bound plan, or null. */
    private @Nullable List<Value> bound(Plan body, List<@Nullable Value> inputs) {
      if (!binds || !options.isPlain()) {
        return null;
      }
      List<@Nullable Value> values = new ArrayList<>(inputs);
      for (Capture capture : body.captures) {
        values.add(frame[capture.outer()]);
      }
      BodyRuns.Caller caller = new BodyRuns.Caller(step.node, memory, options, inside(step, body));
      return body.bodyRuns().run(caller, values, this::fresh, this::boundPlans);
    }

    private Tensor fresh(TensorSpec spec) {
      RunMemory.Block block = memory.take(step.node, spec.bytes(), false);
      blocks.add(block);
      return Tensor.wrap(spec.dtype(), spec.shape(), RunMemory.segment(block, spec.bytes()));
    }

    private BoundPlans boundPlans(Plan body) {
      return new BoundPlans(
          body.ends.inputNames(),
          () -> body,
          new SessionOptions(threads, memory.limit()),
          (inner, values) -> {
            try {
              return evaluate(new RunMemory(memory.limit()), threads, inner, values);
            } catch (GraphException e) {
              return null;
            }
          },
          null);
    }

    @Override
    public boolean isConstant(int index) {
      return plan != null
          && index < step.inputs.length
          && step.inputs[index] != Plan.NONE
          && plan.isConstant(step.inputs[index]);
    }

    @Override
    public <T> T prepared(Supplier<T> make) {
      return step.prepared(() -> {
        preparing = true;
        try {
          return make.get();
        } finally {
          preparing = false;
        }
      });
    }
  }
}
