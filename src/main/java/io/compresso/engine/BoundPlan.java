package io.compresso.engine;

import io.compresso.engine.ArenaLayout.Piece;
import io.compresso.engine.Plan.Step;
import io.compresso.graph.GraphException;
import io.compresso.graph.Node;
import io.compresso.op.Lowered;
import io.compresso.tensor.Tensor;
import io.compresso.tensor.TensorSpec;
import io.compresso.tensor.Value;
import java.util.BitSet;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A plan for inputs of fixed types and shapes: kernels are chosen and prepared, and every value
 * whose shape follows has its place in one arena. Values whose shapes only a run can tell, and the
 * nodes that compute them, stay as the plan has them.
 */
final class BoundPlan implements AutoCloseable {
  /** From so many bytes on, inputs are read where the caller has them. */
  static final long LEAST_IN_PLACE = 1 << 16;

  /** Where a value lies. */
  enum Home {
    /** In the arena. */
    ARENA,
    /** In the memory of a graph input, which nothing writes to. */
    INPUT,
    /** In memory that is given for an output. */
    OUTPUT
  }

  /**
   * The place of a value.
   *
   * @param index which input or output, for {@link Home#INPUT} and {@link Home#OUTPUT}
   * @param offset in bytes, in the arena, the input or the output
   */
  record Place(Home home, int index, long offset, TensorSpec spec) {}

  /**
   * One node that does something.
   *
   * @param lowered null where the reference does it
   * @param workspace offset of its workspace in the arena
   * @param kernels what it runs
   * @param bodies its subgraphs
   */
  record BoundStep(
      Step step,
      @Nullable Lowered lowered,
      long workspace,
      List<KernelStore.Key> kernels,
      List<BoundBody> bodies) {}

  /**
   * What was found out about a step of the plan, which holds for all plans in which its inputs have
   * the same types, shapes and constants.
   *
   * @param outputs the types and shapes of its outputs
   * @param constants of its outputs, where they are known before a run; else null
   * @param lowered null where it is not lowered
   * @param kernels what it runs
   */
  record Finding(
      List<TensorSpec> outputs,
      @Nullable List<? extends @Nullable Value> constants,
      @Nullable Lowered lowered,
      List<KernelStore.Key> kernels) {}

  /**
   * What the runs of a bound plan give.
   *
   * @param inputs of the plan's inputs, in their order
   * @param values of the inputs that have the same value in all these runs; null for the others
   * @param deciding the inputs whose values would tell shapes that do not follow without
   */
  record Given(List<TensorSpec> inputs, List<@Nullable Tensor> values, BitSet deciding) {}

  /**
   * What a bound plan is made of.
   *
   * @param given what the runs give
   * @param findings by step of the plan; null for what may not be used again
   * @param pieces of the arena
   * @param places by slot; null for constants and for values whose shape only a run tells
   * @param constants by slot; null for what is none
   * @param arenaBytes the size of the arena
   * @param largest the node at which most memory is in use; null without any
   */
  record Parts(
      Given given,
      List<BoundStep> steps,
      @Nullable Finding[] findings,
      List<Piece> pieces,
      @Nullable Place[] places,
      @Nullable Value[] constants,
      long arenaBytes,
      @Nullable Node largest) {
    List<TensorSpec> inputs() {
      return given.inputs();
    }
  }

  final Plan plan;
  final Parts parts;

  /** Whether some node is left to its reference. */
  final boolean hasReferences;

  private final KernelStore kernels;

  BoundPlan(Plan plan, Parts parts, KernelStore kernels) {
    this.plan = plan;
    this.parts = parts;
    this.kernels = kernels;
    this.hasReferences = references() > 0;
  }

  /** How many nodes are left to their references. */
  long references() {
    return parts.steps().stream().filter(step -> step.lowered() == null).count();
  }

  /** Whether the slot's value is made by the run, in memory of its own. */
  boolean isTransient(int slot) {
    return parts.places()[slot] == null && parts.constants()[slot] == null;
  }

  /** Whether output {@code index} is computed where the caller wants it. */
  boolean writesOutput(int index) {
    Place place = parts.places()[plan.ends.outputs()[index]];
    return place != null && place.home() == Home.OUTPUT && place.index() == index;
  }

  /** Whether a caller's input can be read where it lies. */
  boolean mayReadInPlace(Tensor tensor) {
    // What references give may be part of an input, which they know by its place. Integers may be
    // indices, which are checked before they are used and must not change in between.
    return !hasReferences
        && tensor.isCollected()
        && tensor.byteSize() >= LEAST_IN_PLACE
        && (tensor.dtype().isFloat() || tensor.dtype().bits() == 8);
  }

  /** Bytes that one run takes: the arena, a copy of the inputs, and the outputs beside it. */
  long bytes() {
    long bytes = parts.arenaBytes();
    for (TensorSpec input : parts.inputs()) {
      bytes = Math.addExact(bytes, input.bytes());
    }
    for (int i = 0; i < plan.ends.outputs().length; i++) {
      bytes = Math.addExact(bytes, outputBytes(i));
    }
    return bytes;
  }

  /** Bytes of output {@code index} if it is computed where the caller wants it, or else 0. */
  long outputBytes(int index) {
    Place place = parts.places()[plan.ends.outputs()[index]];
    return writesOutput(index) && place != null ? place.spec().bytes() : 0;
  }

  /** An error that blames the node at which most memory is in use, or that gives most of it. */
  GraphException tooLarge(String message) {
    Node node = parts.largest();
    long most = parts.arenaBytes();
    for (int i = 0; i < plan.ends.outputs().length; i++) {
      if (outputBytes(i) > most) {
        most = outputBytes(i);
        node = producer(plan.ends.outputs()[i]);
      }
    }
    return node == null ? new GraphException(message) : new GraphException(node, message);
  }

  private @Nullable Node producer(int slot) {
    for (Plan.Step step : plan.steps) {
      for (int output : step.outputs) {
        if (output == slot) {
          return step.node;
        }
      }
    }
    return null;
  }

  @Override
  public void close() {
    for (BoundStep step : parts.steps()) {
      kernels.release(step.kernels());
      step.bodies().forEach(body -> body.plan().close());
    }
  }
}
