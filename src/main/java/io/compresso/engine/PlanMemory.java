package io.compresso.engine;

import io.compresso.engine.BoundPlan.BoundStep;
import io.compresso.engine.BoundPlan.Place;
import io.compresso.engine.Plan.Step;
import io.compresso.graph.GraphException;
import io.compresso.kernel.ZeroedMemory;
import io.compresso.op.Lowered;
import io.compresso.op.LoweredBody;
import io.compresso.tensor.Tensor;
import io.compresso.tensor.TensorSpec;
import io.compresso.tensor.Value;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CancellationException;
import java.util.function.IntPredicate;
import org.jspecify.annotations.Nullable;

/** The memory of one run at a time of a bound plan, with all its calls made. */
final class PlanMemory implements AutoCloseable {
  /** A run has given another type or shape than the shape rule of its operator says. */
  static final class UnexpectedShape extends RuntimeException {
    private static final long serialVersionUID = 1;

    UnexpectedShape(String message) {
      super(message);
    }
  }

  private static final MemorySegment NOTHING = Arena.global().allocate(0);

  /**
   * Where the values lie.
   *
   * @param owner what is closed with the memory; null where it is a caller's
   */
  private record Home(@Nullable Arena owner, MemorySegment arena) {}

  private final BoundPlan bound;
  private final Home home;
  private final MemorySegment arena;

  /** Where the inputs are read: in the memory's own, or in the caller's. */
  private final List<Tensor> inputs;

  private final List<Tensor> ownInputs;

  /** By input: the caller's memory of the last run; null where it has to be copied. */
  private final @Nullable MemorySegment[] givenInputs;

  /** By slot: constants, and the tensors of the places; null for what a run makes. */
  private final @Nullable Value[] frame;

  /** By output: where it is computed that is computed beside the arena; null for others. */
  private final @Nullable MemorySegment[] homes;

  /** By output: the memory's own. */
  private final @Nullable MemorySegment[] ownHomes;

  /** By output: the caller's memory that the last run was offered. */
  private final @Nullable MemorySegment[] offered;

  /** By step: what it calls, null where the reference does it. */
  private final Lowered.@Nullable Call[] calls;

  private final RunMemory memory;
  private final int threads;
  private RunOptions options = RunOptions.plain();
  private @Nullable RunProfile profile;

  /**
   * Memory of its own, to be closed.
   *
   * @param limit the most bytes that values may take which have no place
   */
  @SuppressWarnings("MustBeClosedChecker") // closed with the memory
  static PlanMemory of(BoundPlan bound, long limit, int threads) {
    Arena owner = Arena.ofShared();
    try {
      return new PlanMemory(
          bound,
          new Home(
              owner, ZeroedMemory.allocate(owner, bound.parts.arenaBytes(), ArenaLayout.ALIGNMENT)),
          bound.parts.inputs().stream()
              .map(spec -> Tensor.allocate(owner, spec.dtype(), spec.shape()))
              .toList(),
          outputs(owner, bound),
          new RunMemory(limit),
          threads);
    } catch (RuntimeException | Error e) {
      owner.close();
      throw e;
    }
  }

  /** Memory for the outputs that lie beside the arena. */
  private static List<@Nullable MemorySegment> outputs(Arena owner, BoundPlan bound) {
    List<@Nullable MemorySegment> outputs = new ArrayList<>();
    for (int i = 0; i < bound.plan.ends.outputs().length; i++) {
      outputs.add(
          bound.writesOutput(i)
              ? ZeroedMemory.allocate(owner, bound.outputBytes(i), Tensor.ALIGNMENT)
              : null);
    }
    return outputs;
  }

  /** Memory within that of a caller, who gives the inputs and where the outputs go. */
  private PlanMemory(
      BoundPlan bound,
      Home home,
      List<Tensor> inputs,
      List<@Nullable MemorySegment> outputs,
      RunMemory memory,
      int threads) {
    this.bound = bound;
    this.home = home;
    this.threads = threads;
    this.memory = memory;
    this.frame = bound.parts.constants().clone();
    this.arena = home.arena();
    this.inputs = new ArrayList<>(inputs);
    this.ownInputs = List.copyOf(inputs);
    this.givenInputs = new MemorySegment[inputs.size()];
    this.ownHomes = outputs.toArray(MemorySegment[]::new);
    this.homes = ownHomes.clone();
    this.offered = new MemorySegment[homes.length];
    for (int slot = 0; slot < frame.length; slot++) {
      Place place = bound.parts.places()[slot];
      if (place != null) {
        frame[slot] = Tensor.wrap(place.spec().dtype(), place.spec().shape(), segment(place));
      }
    }
    List<BoundStep> steps = bound.parts.steps();
    this.calls = new Lowered.Call[steps.size()];
    for (int i = 0; i < calls.length; i++) {
      Lowered lowered = steps.get(i).lowered();
      if (lowered != null) {
        calls[i] = lowered.bind(buffers(steps.get(i), lowered));
      }
    }
  }

  private MemorySegment segment(Place place) {
    MemorySegment memoryOfPlace =
        switch (place.home()) {
          case INPUT -> inputs.get(place.index()).segment();
          case ARENA -> arena;
          case OUTPUT -> Objects.requireNonNull(homes[place.index()]);
        };
    return memoryOfPlace.asSlice(place.offset(), place.spec().bytes());
  }

  /**
   * Settles where inputs are read and outputs are computed: in the caller's memory, from the second
   * run on that has the same, or else in this memory's own.
   *
   * @param inputNames of the inputs, in their order
   * @param given the inputs, by name
   * @param names of the outputs, in their order
   * @param results what the caller offers, by name
   */
  void settle(
      List<String> inputNames,
      Map<String, ? extends Value> given,
      List<String> names,
      Map<String, Tensor> results) {
    boolean moved = settleInputs(inputNames, given, results);
    for (int i = 0; i < homes.length; i++) {
      MemorySegment present = homes[i];
      if (present == null) {
        continue;
      }
      Tensor result = results.get(names.get(i));
      MemorySegment offer = result == null ? null : result.segment();
      boolean again = offer != null && offer.equals(offered[i]);
      boolean taken = present.equals(offered[i]);
      offered[i] = offer;
      if (again && !taken && isFit(i, result)) {
        homes[i] = offer;
        moved = true;
      } else if (taken && !again) {
        homes[i] = ownHomes[i];
        moved = true;
      }
    }
    if (moved) {
      move();
    }
  }

  private boolean settleInputs(
      List<String> names, Map<String, ? extends Value> given, Map<String, Tensor> results) {
    boolean moved = false;
    for (int i = 0; i < givenInputs.length; i++) {
      Tensor tensor = (Tensor) Objects.requireNonNull(given.get(names.get(i)));
      MemorySegment segment = bound.mayReadInPlace(tensor) ? tensor.segment() : null;
      boolean again = segment != null && segment.equals(givenInputs[i]);
      givenInputs[i] = segment;
      Tensor wanted = again && !isIn(results, tensor) ? tensor : ownInputs.get(i);
      if (!wanted.segment().equals(inputs.get(i).segment())) {
        inputs.set(i, wanted);
        moved = true;
      }
    }
    return moved;
  }

  /** Whether a result shares memory with the tensor. */
  private static boolean isIn(Map<String, Tensor> results, Tensor tensor) {
    for (Tensor result : results.values()) {
      if (result.segment().asOverlappingSlice(tensor.segment()).isPresent()) {
        return true;
      }
    }
    return false;
  }

  /** Whether output {@code index} can be computed in the tensor. */
  private boolean isFit(int index, @Nullable Tensor tensor) {
    Place place = bound.parts.places()[bound.plan.ends.outputs()[index]];
    return tensor != null
        && place != null
        && tensor.isCollected()
        && TensorSpec.of(tensor).equals(place.spec());
  }

  /** Whether the last run has computed output {@code index} in the memory that it was offered. */
  boolean isInPlace(int index) {
    return homes[index] != null && Objects.equals(homes[index], offered[index]);
  }

  /** Makes anew what depends on where inputs and outputs lie. */
  private void move() {
    BitSet changed = new BitSet();
    for (int slot = 0; slot < frame.length; slot++) {
      Place place = bound.parts.places()[slot];
      if (place == null || place.home() == BoundPlan.Home.ARENA) {
        continue;
      }
      MemorySegment present = segment(place);
      if (!present.equals(((Tensor) Objects.requireNonNull(frame[slot])).segment())) {
        frame[slot] = Tensor.wrap(place.spec().dtype(), place.spec().shape(), present);
        changed.set(slot);
      }
    }
    List<BoundStep> steps = bound.parts.steps();
    for (int i = 0; i < calls.length; i++) {
      Lowered lowered = steps.get(i).lowered();
      if (lowered != null && touches(steps.get(i), changed)) {
        calls[i] = lowered.bind(buffers(steps.get(i), lowered));
      }
    }
  }

  private static boolean touches(BoundStep bound, BitSet slots) {
    IntPredicate isOne = slot -> slot != Plan.NONE && slots.get(slot);
    return Arrays.stream(bound.step().inputs).anyMatch(isOne)
        || Arrays.stream(bound.step().outputs).anyMatch(isOne)
        || bound.bodies().stream().anyMatch(body -> Arrays.stream(body.captured()).anyMatch(isOne));
  }

  private Lowered.Buffers buffers(BoundStep bound, Lowered lowered) {
    Step step = bound.step();
    return new Lowered.Buffers() {
      @Override
      public MemorySegment input(int index) {
        return segment(step.inputs, index);
      }

      @Override
      public MemorySegment output(int index) {
        return segment(step.outputs, index);
      }

      @Override
      public MemorySegment workspace() {
        return arena.asSlice(bound.workspace(), lowered.workspaceBytes());
      }

      @Override
      public Lowered.Call call(
          LoweredBody body,
          List<MemorySegment> given,
          List<@Nullable MemorySegment> outputs,
          MemorySegment workspace) {
        return body(step, (BoundBody) body, given, outputs, workspace);
      }
    };
  }

  /** The call of a subgraph that reads the values of this memory where they are. */
  private Lowered.Call body(
      Step step,
      BoundBody body,
      List<MemorySegment> given,
      List<@Nullable MemorySegment> outputs,
      MemorySegment workspace) {
    List<TensorSpec> specs = body.plan().parts.inputs();
    List<Tensor> tensors = new ArrayList<>();
    for (int i = 0; i < given.size(); i++) {
      tensors.add(Tensor.wrap(specs.get(i).dtype(), specs.get(i).shape(), given.get(i)));
    }
    for (int slot : body.captured()) {
      tensors.add((Tensor) Objects.requireNonNull(frame[slot]));
    }
    List<@Nullable MemorySegment> places = new ArrayList<>();
    for (int i = 0; i < outputs.size(); i++) {
      MemorySegment output = outputs.get(i);
      boolean needed = output == null && body.plan().writesOutput(i);
      places.add(
          needed
              ? Arena.ofAuto().allocate(body.outputs().get(i).bytes(), Tensor.ALIGNMENT)
              : output);
    }
    PlanMemory inner =
        new PlanMemory(body.plan(), new Home(null, workspace), tensors, places, memory, threads);
    return () -> inner.run(this, step, outputs);
  }

  private void run(PlanMemory around, Step step, List<@Nullable MemorySegment> outputs) {
    RunProfile outer = around.profile;
    compute(around.options.unobserved(), outer == null ? null : outer.row(step).body(bound.plan));
    for (int i = 0; i < outputs.size(); i++) {
      MemorySegment to = outputs.get(i);
      if (to != null && !bound.writesOutput(i)) {
        MemorySegment from = ((Tensor) Objects.requireNonNull(output(i))).segment();
        MemorySegment.copy(from, 0, to, 0, to.byteSize());
      }
    }
    clear();
  }

  private MemorySegment segment(int[] slots, int index) {
    if (index >= slots.length || slots[index] == Plan.NONE) {
      return NOTHING;
    }
    Tensor tensor = (Tensor) frame[slots[index]];
    if (tensor == null) {
      throw new IllegalStateException("value without a place");
    }
    MemorySegment segment = tensor.segment();
    return segment.isNative()
        ? segment
        : Arena.ofAuto().allocate(segment.byteSize(), Tensor.ALIGNMENT).copyFrom(segment);
  }

  /** Where input {@code index} of the plan goes. */
  Tensor input(int index) {
    return inputs.get(index);
  }

  /** Copies input {@code index} to where it is read, unless it is read where it lies. */
  void give(int index, Tensor tensor) {
    MemorySegment target = inputs.get(index).segment();
    if (!target.equals(tensor.segment())) {
      target.copyFrom(tensor.segment());
    }
  }

  /**
   * Computes everything from what is in the inputs.
   *
   * @param newProfile receives a row for each node, or null
   */
  void run(RunOptions runOptions, @Nullable RunProfile newProfile) {
    memory.takePeak();
    compute(runOptions, newProfile);
  }

  private void compute(RunOptions runOptions, @Nullable RunProfile newProfile) {
    options = runOptions;
    profile = newProfile;
    Execution execution =
        bound.hasReferences ? Execution.ofBound(memory, options, threads, newProfile) : null;
    List<BoundStep> steps = bound.parts.steps();
    int shown = 0;
    for (int i = 0; i < calls.length; i++) {
      options.cancel().check();
      if (options.isObserved()) {
        shown = showUntil(steps.get(i).step(), shown, options.listener());
      }
      RunProfile.Row row = newProfile == null ? null : newProfile.row(steps.get(i).step());
      long start = row == null ? 0 : System.nanoTime();
      Lowered.Call call = calls[i];
      if (call != null) {
        run(steps.get(i).step(), call);
      } else if (execution != null) {
        execution.runBound(bound, steps.get(i).step(), frame, arena, inputs);
      }
      if (row != null) {
        row.add(
            System.nanoTime() - start, outputBytes(steps.get(i).step()), steps.get(i).kernels());
      }
    }
    if (options.isObserved()) {
      showUntil(null, shown, options.listener());
    }
  }

  /**
   * Shows what the plan's steps from number {@code from} on have computed, up to {@code next}. What
   * a reference computes in memory of its own it shows itself.
   *
   * @param next null for all that are left
   * @return the number of {@code next}
   */
  private int showUntil(@Nullable Step next, int from, ValueListener listener) {
    List<Step> all = bound.plan.steps;
    int at = from;
    for (; at < all.size() && all.get(at) != next; at++) {
      Step step = all.get(at);
      for (int i = 0; i < step.outputs.length; i++) {
        int slot = step.outputs[i];
        Value value = slot == Plan.NONE || bound.isTransient(slot) ? null : frame[slot];
        if (value != null) {
          listener.onValue(step.node.outputs().get(i), value);
        }
      }
    }
    return at;
  }

  private static void run(Step step, Lowered.Call call) {
    try {
      call.run();
    } catch (GraphException | CancellationException e) {
      throw e;
    } catch (RuntimeException e) {
      throw new GraphException(step.node, String.valueOf(e.getMessage()), e);
    } catch (OutOfMemoryError e) {
      throw new GraphException(step.node, "out of memory", e);
    }
  }

  private long outputBytes(Step step) {
    long bytes = 0;
    for (int slot : step.outputs) {
      Value value = slot == Plan.NONE ? null : frame[slot];
      bytes += value == null ? 0 : Execution.bytes(value);
    }
    return bytes;
  }

  /** The value of output {@code index} of the plan after a run; valid until the next one. */
  @Nullable Value output(int index) {
    return frame[bound.plan.ends.outputs()[index]];
  }

  /** As {@link #output}, the caller's own. */
  @Nullable Value takeOutput(int index) {
    int slot = bound.plan.ends.outputs()[index];
    Value value = frame[slot];
    if (value instanceof Tensor tensor && bound.parts.places()[slot] != null) {
      return tensor.copy();
    }
    return value == null ? null : memory.detach(value);
  }

  /** Forgets the values that the run made. */
  void clear() {
    if (!bound.hasReferences) {
      return;
    }
    for (int slot = 0; slot < frame.length; slot++) {
      Value value = frame[slot];
      if (value != null && bound.isTransient(slot)) {
        memory.release(value);
        frame[slot] = null;
      }
    }
  }

  /** The most memory that the last run's values took at a time. */
  long peakBytes() {
    long outputs = 0;
    for (int i = 0; i < homes.length; i++) {
      outputs += bound.outputBytes(i);
    }
    return bound.parts.arenaBytes() + outputs + memory.takePeak();
  }

  /** Frees the memory, which no run uses. */
  @Override
  public void close() {
    Arena owner = home.owner();
    if (owner != null) {
      owner.close();
    }
  }
}
