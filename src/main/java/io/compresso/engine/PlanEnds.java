package io.compresso.engine;

import io.compresso.engine.BoundPlan.Place;
import io.compresso.kernel.ZeroedMemory;
import io.compresso.tensor.Tensor;
import io.compresso.tensor.TensorSpec;
import io.compresso.tensor.Value;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Where the inputs and the outputs of one run at a time of a bound plan lie: in memory of their
 * own, or, if they are large, where the caller has them. What is made of the places is made for the
 * first run, which takes the caller's at once; later ones take them when they are offered again.
 */
final class PlanEnds {
  private final BoundPlan bound;
  private final @Nullable Arena owner;
  private final @Nullable Tensor[] inputs;
  private final boolean[] readsOffered;

  /** By input, and by output: memory that may be larger than they are; null before it is needed. */
  private final @Nullable MemorySegment[] inputMemory;

  private final @Nullable MemorySegment[] outputMemory;

  /** By output: where it is computed that is computed beside the arena; null for others. */
  private final @Nullable MemorySegment[] homes;

  private final @Nullable MemorySegment[] offeredInputs;
  private final @Nullable MemorySegment[] offeredOutputs;

  /** By output: the tensor in which it is computed that the caller is to have. */
  private final @Nullable Tensor[] gifts;

  /**
   * Ends in memory that is made when it is needed.
   *
   * @param owner frees it
   * @param old those of the same plan, bound otherwise, that are not used any more and whose memory
   *     is taken over; null without
   */
  PlanEnds(BoundPlan bound, Arena owner, @Nullable PlanEnds old) {
    this.bound = bound;
    this.owner = owner;
    int in = bound.parts.inputs().size();
    int out = bound.plan.ends.outputs().length;
    this.inputs = new Tensor[in];
    this.readsOffered = new boolean[in];
    this.offeredInputs = new MemorySegment[in];
    this.homes = new MemorySegment[out];
    this.offeredOutputs = new MemorySegment[out];
    this.gifts = new Tensor[out];
    this.inputMemory = old == null ? new MemorySegment[in] : old.inputMemory;
    this.outputMemory = old == null ? new MemorySegment[out] : old.outputMemory;
  }

  /** Ends in the memory of a caller, for outputs that are computed beside the arena, too. */
  PlanEnds(BoundPlan bound, List<Tensor> inputs, List<@Nullable MemorySegment> outputs) {
    this(bound, Arena.global(), null);
    for (int i = 0; i < this.inputs.length; i++) {
      this.inputs[i] = inputs.get(i);
    }
    for (int i = 0; i < homes.length; i++) {
      homes[i] = bound.writesOutput(i) ? outputs.get(i) : null;
    }
  }

  /** Whether large inputs and outputs of another binding fit in what these have made for them. */
  boolean fit(BoundPlan other) {
    for (int i = 0; i < inputMemory.length; i++) {
      if (!fits(inputMemory[i], other.parts.inputs().get(i).bytes())) {
        return false;
      }
    }
    for (int i = 0; i < outputMemory.length; i++) {
      if (!fits(outputMemory[i], other.outputBytes(i))) {
        return false;
      }
    }
    return true;
  }

  private static boolean fits(@Nullable MemorySegment memory, long bytes) {
    return memory == null || bytes < BoundPlan.LEAST_IN_PLACE || bytes <= memory.byteSize();
  }

  /**
   * Settles where a run finds its inputs and puts its outputs.
   *
   * @param first whether nothing has been made of the places yet
   * @param results where outputs are wanted; null where they are wanted in tensors of their own
   * @return whether a place has changed
   */
  boolean settle(boolean first, Offer offer) {
    boolean moved = first;
    for (int i = 0; i < inputs.length; i++) {
      moved |= settleInput(i, first, offer);
    }
    for (int i = 0; i < homes.length; i++) {
      moved |= bound.writesOutput(i) && settleOutput(i, first, offer);
    }
    return moved;
  }

  /**
   * What the caller of a run offers.
   *
   * @param results where outputs are wanted; null where they are wanted in tensors of their own
   */
  record Offer(
      List<String> inputNames,
      Map<String, ? extends Value> given,
      List<String> outputNames,
      @Nullable Map<String, Tensor> results) {
    @Nullable Tensor result(int index) {
      return results == null ? null : results.get(outputNames.get(index));
    }

    private boolean overlaps(MemorySegment input) {
      for (int i = 0; i < outputNames.size(); i++) {
        Tensor result = result(i);
        if (result != null
            && result.segment().address() < input.address() + input.byteSize()
            && input.address() < result.segment().address() + result.byteSize()) {
          return true;
        }
      }
      return false;
    }
  }

  private boolean settleInput(int index, boolean first, Offer offer) {
    Tensor tensor =
        offer.given.get(offer.inputNames.get(index)) instanceof Tensor given
                && bound.mayReadInPlace(given)
                && !offer.overlaps(given.segment())
            ? given
            : null;
    MemorySegment segment = tensor == null ? null : tensor.segment();
    boolean again = segment != null && segment.equals(offeredInputs[index]);
    offeredInputs[index] = segment;
    Tensor present = inputs[index];
    if (segment != null && (first || again)) {
      boolean stays = readsOffered[index] && present != null && segment.equals(present.segment());
      inputs[index] = tensor;
      readsOffered[index] = true;
      return !stays;
    }
    if (present != null && !readsOffered[index]) {
      return false;
    }
    inputs[index] = ownInput(index);
    readsOffered[index] = false;
    return true;
  }

  private boolean settleOutput(int index, boolean first, Offer offer) {
    if (first && offer.results == null) {
      TensorSpec spec = spec(index);
      Tensor gift = Tensor.allocate(spec.dtype(), spec.shape());
      gifts[index] = gift;
      homes[index] = gift.segment();
      offeredOutputs[index] = gift.segment();
      return true;
    }
    Tensor result = offer.result(index);
    MemorySegment segment = result == null ? null : result.segment();
    boolean again = segment != null && segment.equals(offeredOutputs[index]);
    boolean taken = isInPlace(index);
    offeredOutputs[index] = segment;
    if ((first || again) && !taken && isFit(index, result)) {
      homes[index] = segment;
      return true;
    }
    if (homes[index] == null || taken && !again) {
      homes[index] = ownOutput(index);
      return true;
    }
    return false;
  }

  /** Makes all places that there are not yet. */
  void complete() {
    for (int i = 0; i < inputs.length; i++) {
      if (inputs[i] == null) {
        inputs[i] = ownInput(i);
      }
    }
    for (int i = 0; i < homes.length; i++) {
      if (bound.writesOutput(i) && homes[i] == null) {
        homes[i] = ownOutput(i);
      }
    }
  }

  private Tensor ownInput(int index) {
    TensorSpec spec = bound.parts.inputs().get(index);
    return Tensor.wrap(spec.dtype(), spec.shape(), own(inputMemory, index, spec.bytes()));
  }

  private MemorySegment ownOutput(int index) {
    return own(outputMemory, index, bound.outputBytes(index));
  }

  private MemorySegment own(@Nullable MemorySegment[] memory, int index, long bytes) {
    MemorySegment present = memory[index];
    if (present == null || present.byteSize() < bytes) {
      long size = present == null ? bytes : Math.max(bytes, 2 * present.byteSize());
      present = ZeroedMemory.allocate(Objects.requireNonNull(owner), size, Tensor.ALIGNMENT);
      memory[index] = present;
    }
    return present.asSlice(0, bytes);
  }

  private TensorSpec spec(int output) {
    return Objects.requireNonNull(place(output)).spec();
  }

  private @Nullable Place place(int output) {
    return bound.parts.places()[bound.plan.ends.outputs()[output]];
  }

  /** Whether output {@code index} can be computed in the tensor. */
  private boolean isFit(int index, @Nullable Tensor tensor) {
    return tensor != null && tensor.isCollected() && TensorSpec.of(tensor).equals(spec(index));
  }

  /** Whether output {@code index} is computed in the memory that was offered last. */
  boolean isInPlace(int index) {
    return homes[index] != null && Objects.equals(homes[index], offeredOutputs[index]);
  }

  /** Whether input {@code index} is read where the caller has it. */
  boolean readsOffered(int index) {
    return readsOffered[index];
  }

  /** What input {@code index} is read from. */
  Tensor input(int index) {
    Tensor input = inputs[index];
    if (input == null) {
      input = ownInput(index);
      inputs[index] = input;
    }
    return input;
  }

  /** What the inputs are read from. */
  List<Tensor> inputs() {
    return List.of((Tensor[]) inputs);
  }

  /** Where output {@code index} is computed, which is computed beside the arena. */
  MemorySegment home(int index) {
    return Objects.requireNonNull(homes[index]);
  }

  /** The tensor in which output {@code index} was computed, once, if it is the caller's to have. */
  @Nullable Tensor takeGift(int index) {
    Tensor gift = gifts[index];
    gifts[index] = null;
    return gift;
  }
}
