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

  /** Memory is not taken over by plans that need less than a part of it. */
  private static final int MOST_TIMES_AS_LARGE = 2;

  private static final MemorySegment NOTHING = Arena.global().allocate(0);

  /**
   * Where the values lie in between.
   *
   * @param owner what is closed with the memory; null where it is a caller's
   * @param bytes the size of all memory that is closed with it
   */
  private record Home(@Nullable Arena owner, MemorySegment arena, long bytes) {}

  private final BoundPlan bound;
  private final Home home;
  private final MemorySegment arena;
  private final PlanEnds ends;

  /** By slot: constants, and the tensors of the places; null for what a run makes. */
  private final @Nullable Value[] frame;

  /** By step: what it calls, null where the reference does it. */
  private final Lowered.@Nullable Call[] calls;

  private final RunMemory memory;
  private final int threads;

  /** What these calls are partly those of; null without, and once they are made. */
  private @Nullable PlanMemory old;

  private boolean ready;
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
      MemorySegment arena =
          ZeroedMemory.allocate(owner, bound.parts.arenaBytes(), ArenaLayout.ALIGNMENT);
      return new PlanMemory(
          bound,
          new Home(owner, arena, bound.bytes()),
          new PlanEnds(bound, owner, null),
          new RunMemory(limit),
          threads,
          null);
    } catch (RuntimeException | Error e) {
      owner.close();
      throw e;
    }
  }

  /**
   * Whether this memory, which has been run in, is as large as the same plan needs that is bound
   * otherwise, and not much larger.
   */
  boolean holds(BoundPlan other) {
    return ready
        && other.parts.arenaBytes() <= arena.byteSize()
        && home.bytes() / MOST_TIMES_AS_LARGE <= other.bytes()
        && ends.fit(other);
  }

  /**
   * Makes this memory, which no run uses and nobody else closes any more, that of another plan,
   * which it {@link #holds}. What the two have in common stays as it is.
   *
   * @param limit the most bytes that values may take which have no place
   */
  PlanMemory takenOver(BoundPlan other, long limit) {
    Arena owner = Objects.requireNonNull(home.owner());
    return new PlanMemory(
        other,
        new Home(owner, arena, Math.max(home.bytes(), other.bytes())),
        new PlanEnds(other, owner, ends),
        new RunMemory(limit),
        threads,
        this);
  }

  private PlanMemory(
      BoundPlan bound,
      Home home,
      PlanEnds ends,
      RunMemory memory,
      int threads,
      @Nullable PlanMemory old) {
    this.bound = bound;
    this.home = home;
    this.threads = threads;
    this.memory = memory;
    this.frame = bound.parts.constants().clone();
    this.arena = home.arena();
    this.ends = ends;
    this.calls = new Lowered.Call[bound.parts.steps().size()];
    this.old = old;
  }

  /**
   * Settles where inputs are read and outputs are computed: where the caller has them or wants
   * them, if it does again or this is the first run, or else in this memory's own.
   *
   * @throws GraphException if there is no memory for them
   */
  void settle(PlanEnds.Offer offer) {
    boolean moved;
    try {
      moved = ends.settle(!ready, offer);
    } catch (OutOfMemoryError e) {
      throw bound.tooLarge("no memory for the inputs and outputs of a run");
    }
    if (moved) {
      place();
    }
  }

  /** Whether the last run has computed output {@code index} in the memory that it was offered. */
  boolean isInPlace(int index) {
    return ends.isInPlace(index);
  }

  /** Makes what depends on places that have changed: all, the first time. */
  private void place() {
    BitSet changed = new BitSet();
    PlanMemory before = ready ? this : old;
    for (int slot = 0; slot < frame.length; slot++) {
      Place place = bound.parts.places()[slot];
      if (place == null) {
        Value constant = bound.parts.constants()[slot];
        changed.set(slot, before == null || before.bound.parts.constants()[slot] != constant);
        continue;
      }
      TensorSpec spec = place.spec();
      MemorySegment memoryOfPlace =
          switch (place.home()) {
            case INPUT -> ends.input(place.index()).segment();
            case ARENA -> arena;
            case OUTPUT -> ends.home(place.index());
          };
      MemorySegment segment = memoryOfPlace.asSlice(place.offset(), spec.bytes());
      if (before != null
          && before.frame[slot] instanceof Tensor tensor
          && tensor.segment().equals(segment)
          && TensorSpec.of(tensor).equals(spec)) {
        frame[slot] = tensor;
      } else {
        frame[slot] = Tensor.wrap(spec.dtype(), spec.shape(), segment);
        changed.set(slot);
      }
    }
    makeCalls(before, changed);
    ready = true;
    if (old != null) {
      old.forget(changed);
      old = null;
    }
  }

  /** Keeps no more than calls need that were taken over, none of which has changed slots. */
  private void forget(BitSet changed) {
    changed.stream().filter(slot -> slot < frame.length).forEach(slot -> frame[slot] = null);
    Arrays.fill(calls, null);
  }

  private void makeCalls(@Nullable PlanMemory before, BitSet changed) {
    List<BoundStep> steps = bound.parts.steps();
    List<BoundStep> stepsBefore = before == null ? List.of() : before.bound.parts.steps();
    for (int i = 0, at = 0; i < calls.length; i++) {
      BoundStep step = steps.get(i);
      Lowered lowered = step.lowered();
      int found = at;
      while (found < stepsBefore.size() && stepsBefore.get(found).step() != step.step()) {
        found++;
      }
      BoundStep known = found < stepsBefore.size() ? stepsBefore.get(found) : null;
      at = known == null ? at : found + 1;
      if (before != null
          && known != null
          && known.lowered() == lowered
          && known.workspace() == step.workspace()
          && !touches(step, changed)) {
        calls[i] = before.calls[found];
      } else if (lowered != null) {
        calls[i] = lowered.bind(buffers(step, lowered));
      }
    }
  }

  private static boolean touches(BoundStep bound, BitSet slots) {
    IntPredicate isOne = slot -> slot != Plan.NONE && slots.get(slot);
    return Arrays.stream(bound.step().inputs).anyMatch(isOne)
        || Arrays.stream(bound.step().outputs).anyMatch(isOne)
        || bound.bodies().stream().anyMatch(body -> Arrays.stream(body.captured()).anyMatch(isOne));
  }

  /**
   * The memory of one step.
   *
   * @param around the memory of the plan, of a step that has subgraphs; null for others, whose
   *     calls may outlive it
   */
  private record StepBuffers(
      Step step, @Nullable Value[] frame, MemorySegment workspace, @Nullable PlanMemory around)
      implements Lowered.Buffers {
    @Override
    public MemorySegment input(int index) {
      return segment(step.inputs, index);
    }

    @Override
    public MemorySegment output(int index) {
      return segment(step.outputs, index);
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

    @Override
    public Lowered.Call call(
        LoweredBody body,
        List<MemorySegment> given,
        List<@Nullable MemorySegment> outputs,
        MemorySegment workspaceOfBody) {
      return Objects.requireNonNull(around)
          .body(step, (BoundBody) body, given, outputs, workspaceOfBody);
    }
  }

  private StepBuffers buffers(BoundStep bound, Lowered lowered) {
    return new StepBuffers(
        bound.step(),
        frame,
        arena.asSlice(bound.workspace(), lowered.workspaceBytes()),
        bound.bodies().isEmpty() ? null : this);
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
        new PlanMemory(
            body.plan(),
            new Home(null, workspace, 0),
            new PlanEnds(body.plan(), tensors, places),
            memory,
            threads,
            null);
    inner.place();
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

  /** Puts the inputs where they are read, which are not read where the caller has them. */
  void fill(PlanEnds.Offer offer) {
    for (int i = 0; i < offer.inputNames().size(); i++) {
      if (!ends.readsOffered(i)
          && offer.given().get(offer.inputNames().get(i)) instanceof Tensor tensor) {
        ends.input(i).segment().copyFrom(tensor.segment());
      }
    }
  }

  /** Where input {@code index} of the plan goes. */
  Tensor input(int index) {
    return ends.input(index);
  }

  /**
   * Computes everything from what is in the inputs.
   *
   * @param newProfile receives a row for each node, or null
   */
  void run(RunOptions runOptions, @Nullable RunProfile newProfile) {
    if (!ready) {
      ends.complete();
      place();
    }
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
        execution.runBound(bound, steps.get(i).step(), frame, arena, ends.inputs());
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
    Tensor gift = ends.takeGift(index);
    if (gift != null) {
      return gift;
    }
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
    for (int i = 0; i < bound.plan.ends.outputs().length; i++) {
      outputs += bound.outputBytes(i);
    }
    return bound.parts.arenaBytes() + outputs + memory.takePeak();
  }

  /** How much memory is closed with it: what it takes of a session's limit. */
  long bytes() {
    return home.bytes();
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
