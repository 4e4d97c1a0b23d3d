package io.compresso.op;

import io.compresso.tensor.Tensor;
import io.compresso.tensor.TensorSpec;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A body that is called turn after turn, each time on the state that the last turn left. States are
 * not copied between turns: even turns write to where odd ones read, and the other way round; a
 * state that the body gives on as it is stays where it lies.
 */
final class Turns {
  /** Which of a body's inputs and outputs, and of its node's inputs, are the states. */
  record States(int count, int bodyInput, int bodyOutput, int nodeInput) {
    private boolean isInput(int input) {
      return input >= bodyInput && input < bodyInput + count;
    }

    private boolean isOutput(int output) {
      return output >= bodyOutput && output < bodyOutput + count;
    }
  }

  private final LoweredBody body;
  private final List<TensorSpec> inputs;
  private final States states;

  private Turns(LoweredBody body, List<TensorSpec> inputs, States states) {
    this.body = body;
    this.inputs = inputs;
    this.states = states;
  }

  /**
   * The turns of a body; null where it cannot be bound or a state changes its type or shape.
   *
   * @param inputs the types and shapes of the body's inputs
   */
  static @Nullable Turns of(@Nullable LoweredBody body, List<TensorSpec> inputs, States states) {
    if (body == null || body.outputs().size() < states.bodyOutput + states.count) {
      return null;
    }
    for (int i = 0; i < states.count; i++) {
      TensorSpec given = inputs.get(states.bodyInput + i);
      if (!body.outputs().get(states.bodyOutput + i).equals(given)) {
        return null;
      }
    }
    return new Turns(body, inputs, states);
  }

  /** Whether the body gives a state on as it is. */
  private boolean stays(int state) {
    return body.passedOn(states.bodyOutput + state) == states.bodyInput + state;
  }

  /** The types and shapes of the body's outputs. */
  List<TensorSpec> outputs() {
    return body.outputs();
  }

  long workspaceBytes() {
    long bytes = aligned(body.workspaceBytes());
    for (int i = 0; i < inputs.size(); i++) {
      bytes = Math.addExact(bytes, (states.isInput(i) ? 2 : 1) * aligned(inputs.get(i).bytes()));
    }
    for (int i = 0; i < body.outputs().size(); i++) {
      bytes = Math.addExact(bytes, states.isOutput(i) ? 0 : aligned(body.outputs().get(i).bytes()));
    }
    return bytes;
  }

  private static long aligned(long bytes) {
    return Math.addExact(bytes, Tensor.ALIGNMENT - 1) / Tensor.ALIGNMENT * Tensor.ALIGNMENT;
  }

  /** The turns in the memory of one run at a time; the workspace is all theirs. */
  Bound bind(Lowered.Buffers buffers) {
    return new Bound(buffers);
  }

  /** One loop on fixed memory. */
  final class Bound {
    private final MemorySegment workspace;
    private final MemorySegment[] given = new MemorySegment[inputs.size()];
    private final MemorySegment[] results = new MemorySegment[body.outputs().size()];
    private final List<MemorySegment> initial = new ArrayList<>();
    private final List<MemorySegment> last = new ArrayList<>();
    private final List<MemorySegment> even = new ArrayList<>();
    private final List<MemorySegment> odd = new ArrayList<>();
    private final Lowered.Call evenTurn;
    private final Lowered.Call oddTurn;
    private long used;

    private Bound(Lowered.Buffers buffers) {
      workspace = buffers.workspace();
      MemorySegment work = take(body.workspaceBytes());
      for (int i = 0; i < given.length; i++) {
        given[i] = states.isInput(i) ? MemorySegment.NULL : take(inputs.get(i).bytes());
      }
      for (int i = 0; i < results.length; i++) {
        results[i] = states.isOutput(i) ? MemorySegment.NULL : take(body.outputs().get(i).bytes());
      }
      for (int i = 0; i < states.count; i++) {
        MemorySegment start = buffers.input(states.nodeInput + i);
        boolean stays = stays(i);
        long bytes = inputs.get(states.bodyInput + i).bytes();
        initial.add(start);
        even.add(stays ? start : take(bytes));
        odd.add(stays ? start : take(bytes));
        last.add(buffers.output(i));
      }
      evenTurn = call(buffers, even, odd, work);
      oddTurn = call(buffers, odd, even, work);
    }

    private MemorySegment take(long bytes) {
      MemorySegment segment = workspace.asSlice(used, bytes);
      used += aligned(bytes);
      return segment;
    }

    private Lowered.Call call(
        Lowered.Buffers buffers,
        List<MemorySegment> from,
        List<MemorySegment> to,
        MemorySegment work) {
      List<MemorySegment> arguments = new ArrayList<>(List.of(given));
      List<@Nullable MemorySegment> outputs = new ArrayList<>(List.of(results));
      for (int i = 0; i < states.count; i++) {
        boolean stays = stays(i);
        arguments.set(states.bodyInput + i, from.get(i));
        outputs.set(states.bodyOutput + i, stays ? null : to.get(i));
      }
      return buffers.call(body, arguments, outputs, work);
    }

    /** Where an input of the body goes that is no state. */
    MemorySegment input(int index) {
      return given[index];
    }

    /** Where an output of the body is after a turn that is no state. */
    MemorySegment output(int index) {
      return results[index];
    }

    /** Begins with the states that the node is given. */
    void begin() {
      for (int i = 0; i < initial.size(); i++) {
        copy(initial.get(i), even.get(i));
      }
    }

    /** Turn {@code number}, counted from 0. */
    void turn(long number) {
      if ((number & 1) == 0) {
        evenTurn.run();
      } else {
        oddTurn.run();
      }
    }

    /** Gives the states that {@code turns} turns have left to the node's outputs. */
    void end(long turns) {
      List<MemorySegment> left = (turns & 1) == 0 ? even : odd;
      for (int i = 0; i < left.size(); i++) {
        MemorySegment output = last.get(i);
        if (output.byteSize() > 0) {
          copy(left.get(i), output);
        }
      }
    }

    private static void copy(MemorySegment from, MemorySegment to) {
      if (!from.equals(to)) {
        MemorySegment.copy(from, 0, to, 0, from.byteSize());
      }
    }
  }
}
