package io.compresso.engine;

import io.compresso.engine.ArenaLayout.Piece;
import io.compresso.engine.BoundPlan.Home;
import io.compresso.engine.BoundPlan.Place;
import io.compresso.engine.Plan.Step;
import io.compresso.graph.Node;
import io.compresso.op.Lowered;
import io.compresso.tensor.Tensor;
import io.compresso.tensor.TensorSpec;
import io.compresso.tensor.Value;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Where the values of a plan lie that is being bound: in pieces of one arena, in its inputs, or
 * where its outputs are wanted.
 */
final class Placement {
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

  private final Plan plan;
  private final @Nullable Value[] constants;
  private final @Nullable Located[] located;
  private final int[] lastUse;
  private final List<Piece> pieces = new ArrayList<>();

  /**
   * @param constants by slot; views of constants are added
   */
  Placement(Plan plan, @Nullable Value[] constants) {
    this.plan = plan;
    this.constants = constants;
    this.located = new Located[constants.length];
    this.lastUse = lastUse(plan);
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

  /** The type and shape of a value that has a place, or null. */
  @Nullable TensorSpec specOrNull(int slot) {
    Located value = located[slot];
    return value == null ? null : value.spec();
  }

  /** Puts a value where input {@code index} of the plan is. */
  void addInput(int index, int slot, TensorSpec spec) {
    Piece piece = new Piece(spec.bytes(), 0, plan.steps.size());
    located[slot] = new Located(new Storage(piece, index), 0, spec);
  }

  /** Puts a value that the step makes into memory of its own. */
  void add(int at, int slot, TensorSpec spec) {
    Piece piece = new Piece(spec.bytes(), at, Math.max(at, lastUse[slot]));
    pieces.add(piece);
    located[slot] = new Located(new Storage(piece, -1), 0, spec);
  }

  /** Puts the outputs of a step into memory of their own, or in the place of an input. */
  void addOutputs(int at, Step step, List<TensorSpec> outputs, Lowered lowered) {
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
        add(at, slot, outputs.get(i));
      }
    }
  }

  /** Memory for the length of one step. */
  Piece addWork(int at, long bytes) {
    Piece work = new Piece(bytes, at, at);
    pieces.add(work);
    return work;
  }

  /** Puts outputs where parts of inputs are; not if these do not hold them. */
  boolean addViews(int at, Step step, List<TensorSpec> outputs, List<Lowered.View> views) {
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

  /** Whether the views lie in what they are views of, or are all of it; in wrong models not. */
  private boolean fit(Step step, List<TensorSpec> outputs, List<Lowered.View> views) {
    for (int i = 0; i < step.outputs.length; i++) {
      if (step.outputs[i] != Plan.NONE) {
        Lowered.View view = views.get(i);
        int input = step.inputs[view.input()];
        Located source = located[input];
        long bytes =
            constants[input] instanceof Tensor tensor
                ? tensor.byteSize()
                : source == null ? -1 : source.spec().bytes();
        long end = view.offset() + outputs.get(i).bytes();
        if (view.whole() ? end != bytes : end > bytes) {
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
  boolean join(int at, Step step) {
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

  /**
   * Lets outputs that have memory of their own be written where the caller wants them.
   *
   * @param leastBytes smaller ones stay in the arena
   */
  void giveOutputsAway(long leastBytes) {
    int[] slots = plan.ends.outputs();
    for (int i = 0; i < slots.length; i++) {
      Located output = located[slots[i]];
      if (output != null
          && output.spec().bytes() >= leastBytes
          && output.storage().isOwn()
          && output.offset() == 0
          && output.storage().piece.bytes == output.spec().bytes()) {
        output.storage().output = i;
        pieces.remove(output.storage().piece);
      }
    }
  }

  /**
   * Gives every piece its place in the arena, whose size this is.
   *
   * @param like a plan whose arena may have the same pieces, or null
   */
  long arrange(@Nullable BoundPlan like) {
    return like != null && ArenaLayout.copy(like.parts.pieces(), pieces)
        ? like.parts.arenaBytes()
        : ArenaLayout.place(pieces);
  }

  /** The pieces of the arena. */
  List<Piece> pieces() {
    return List.copyOf(pieces);
  }

  /** By slot, after {@link #arrange}; null for what has no place. */
  @Nullable Place[] places() {
    @Nullable Place[] places = new Place[located.length];
    for (int slot = 0; slot < places.length; slot++) {
      Located value = located[slot];
      if (value != null) {
        places[slot] = value.storage().place(value.offset(), value.spec());
      }
    }
    return places;
  }

  /** The node at which most memory is in use; null without any. */
  @Nullable Node largest() {
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
}
