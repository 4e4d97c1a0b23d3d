package io.compresso.op;

import java.lang.foreign.MemorySegment;

/**
 * The memory of one direction of a recurrent node. The workspace holds, one after the other: what
 * the data gives to the gates at all steps, the gates of one step, the cell state, a state, and two
 * more pieces of a state's size. Gates that are computed together lie together, {@code [batch,
 * count * hidden]}.
 */
final class RecurrentMemory {
  private static final long ALIGNMENT = 64;

  private final RecurrentLayer layer;
  private final Lowered.Buffers buffers;
  private final int direction;
  private final MemorySegment projected;
  private final MemorySegment gates;
  final MemorySegment cell;
  private final MemorySegment first;
  final MemorySegment candidate;
  final MemorySegment scratch;
  private final MemorySegment last;
  private final MemorySegment givenState;
  private final MemorySegment givenCell;
  private final MemorySegment lastState;
  private final MemorySegment lastCell;

  RecurrentMemory(RecurrentLayer layer, Lowered.Buffers buffers, int direction) {
    this.layer = layer;
    this.buffers = buffers;
    this.direction = direction;
    MemorySegment all = buffers.workspace();
    long at = 0;
    this.projected = all.asSlice(at, layer.steps() * layer.gateBytes());
    at = align(at + projected.byteSize());
    this.gates = all.asSlice(at, layer.gateBytes());
    at = align(at + gates.byteSize());
    this.cell = all.asSlice(at, layer.stateBytes());
    at = align(at + layer.stateBytes());
    this.first = all.asSlice(at, layer.stateBytes());
    at = align(at + layer.stateBytes());
    this.candidate = all.asSlice(at, layer.stateBytes());
    at = align(at + layer.stateBytes());
    this.scratch = all.asSlice(at, layer.stateBytes());
    this.last = state(layer.steps() - 1);
    this.givenState = buffers.input(5);
    this.givenCell = buffers.input(6);
    this.lastState = buffers.output(1);
    this.lastCell = buffers.output(2);
  }

  /** Bytes of the workspace. */
  static long bytes(RecurrentLayer layer) {
    return align(layer.steps() * layer.gateBytes())
        + align(layer.gateBytes())
        + 4 * align(layer.stateBytes());
  }

  private static long align(long bytes) {
    return (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
  }

  /** What the data gives to {@code count} gates from gate {@code from} on, at all steps. */
  MemorySegment projected(int from, int count) {
    long bytes = layer.steps() * layer.stateBytes();
    return projected.asSlice(from * bytes, count * bytes);
  }

  /** What the data gives to {@code count} gates from gate {@code from} on, at one step. */
  MemorySegment projected(int from, int count, int step) {
    long bytes = count * layer.stateBytes();
    return projected(from, count).asSlice(step * bytes, bytes);
  }

  /** {@code count} gates from gate {@code from} on, at one step. */
  MemorySegment gates(int from, int count) {
    return gates.asSlice(from * layer.stateBytes(), count * layer.stateBytes());
  }

  /** Where the state after the {@code i}-th turn goes; before the first one for -1. */
  MemorySegment state(int i) {
    MemorySegment y = buffers.output(0);
    if (i < 0 || y.byteSize() == 0) {
      return first;
    }
    long index = (long) layer.step(direction, i) * layer.directions() + direction;
    return y.asSlice(index * layer.stateBytes(), layer.stateBytes());
  }

  /** Puts the initial states in their places. */
  void begin(boolean hasCell) {
    begin(first, givenState);
    if (hasCell) {
      begin(cell, givenCell);
    }
  }

  private void begin(MemorySegment state, MemorySegment given) {
    if (given.byteSize() == 0) {
      state.fill((byte) 0);
    } else {
      MemorySegment.copy(given, direction * layer.stateBytes(), state, 0, layer.stateBytes());
    }
  }

  /** Puts the last states in their places. */
  void end(boolean hasCell) {
    end(last, lastState);
    if (hasCell) {
      end(cell, lastCell);
    }
  }

  private void end(MemorySegment state, MemorySegment to) {
    if (to.byteSize() > 0) {
      MemorySegment.copy(state, 0, to, direction * layer.stateBytes(), layer.stateBytes());
    }
  }
}
