package io.compresso.op;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * The memory of one direction of a recurrent node. The workspace holds, one after the other: what
 * the data gives to the gates at all steps, the gates of one step, and two places for the results
 * of a step, each a state, a cell state and a float a cell. Gates that are computed together lie
 * together, {@code [batch, count * hidden]}.
 */
final class RecurrentMemory {
  private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED;
  private static final long ALIGNMENT = 64;

  private final RecurrentLayer layer;
  private final Lowered.Buffers buffers;
  private final int direction;
  private final MemorySegment projected;
  private final MemorySegment gates;
  private final MemorySegment[] places;
  private final MemorySegment first;
  final MemorySegment candidate;
  final MemorySegment scratch;
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
    long place = placeBytes(layer);
    this.places = new MemorySegment[] {all.asSlice(at, place), all.asSlice(at + place, place)};
    this.first = array(0, 0);
    this.candidate = array(1, 0);
    this.scratch = array(1, 1);
    this.givenState = buffers.input(5);
    this.givenCell = buffers.input(6);
    this.lastState = buffers.output(1);
    this.lastCell = buffers.output(2);
  }

  /** Bytes of the workspace. */
  static long bytes(RecurrentLayer layer) {
    return align(layer.steps() * layer.gateBytes())
        + align(layer.gateBytes())
        + 2 * placeBytes(layer);
  }

  private static long placeBytes(RecurrentLayer layer) {
    return align(2 * layer.stateBytes() + Float.BYTES * (long) layer.hidden());
  }

  private static long align(long bytes) {
    return (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
  }

  private MemorySegment array(int place, int index) {
    return places[place].asSlice(index * layer.stateBytes(), layer.stateBytes());
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

  // Of recurrent cells

  /** What the data gives to all gates of some cells, at all steps. */
  MemorySegment ofData(int firstCell, int cells) {
    long bytesPerCell = layer.steps() * layer.gateBytes() / layer.hidden();
    return projected.asSlice(firstCell * bytesPerCell, cells * bytesPerCell);
  }

  /** What the state gives to all gates of some cells. */
  MemorySegment sums(int firstCell, int cells) {
    long bytesPerCell = layer.gateBytes() / layer.hidden();
    return gates.asSlice(firstCell * bytesPerCell, cells * bytesPerCell);
  }

  /** The state before the {@code i}-th turn. */
  MemorySegment stateBefore(int i) {
    return array(i & 1, 0);
  }

  /**
   * What cells keep before the {@code i}-th turn: their cell state or, without one, their state.
   */
  MemorySegment kept(int i) {
    return array(i & 1, hasCell() ? 1 : 0);
  }

  /** Where the results before the {@code i}-th turn lie. */
  MemorySegment results(int i) {
    long states = hasCell() ? 2 : 1;
    return places[i & 1].asSlice(
        0, states * layer.stateBytes() + Float.BYTES * (long) layer.hidden());
  }

  /** The greatest magnitude of the state before the {@code i}-th turn, from a cell on. */
  float magnitude(int i, int firstCell) {
    long states = hasCell() ? 2 : 1;
    return places[i & 1].get(FLOAT, states * layer.stateBytes() + Float.BYTES * (long) firstCell);
  }

  /** The greatest magnitude of the state before the first turn; NaN if there is one. */
  float firstMagnitude() {
    float magnitude = 0;
    for (long at = 0; givenState.byteSize() > 0 && at < layer.stateBytes(); at += Float.BYTES) {
      magnitude = Math.max(magnitude, Math.abs(first.get(FLOAT, at)));
    }
    return magnitude;
  }

  /** Puts the state of some cells after the {@code i}-th turn in its place, if there is one. */
  void copyState(int i, int firstCell, int cells) {
    MemorySegment y = buffers.output(0);
    if (y.byteSize() == 0) {
      return;
    }
    boolean whole = cells == layer.hidden();
    long bytes = whole ? layer.stateBytes() : Float.BYTES * (long) cells;
    long index = (long) layer.step(direction, i) * layer.directions() + direction;
    for (int b = 0; b < (whole ? 1 : layer.batch()); b++) {
      long at = Float.BYTES * ((long) b * layer.hidden() + firstCell);
      MemorySegment.copy(places[i + 1 & 1], at, y, index * layer.stateBytes() + at, bytes);
    }
  }

  // Before and after

  private boolean hasCell() {
    return layer.gates() == 4;
  }

  /** Puts the initial states in their places. */
  void begin() {
    begin(first, givenState);
    if (hasCell()) {
      begin(array(0, 1), givenCell);
    }
  }

  private void begin(MemorySegment state, MemorySegment given) {
    if (given.byteSize() == 0) {
      state.fill((byte) 0);
    } else {
      MemorySegment.copy(given, direction * layer.stateBytes(), state, 0, layer.stateBytes());
    }
  }

  /** Puts the last states in their places, from where {@link #state} has them. */
  void end() {
    end(state(layer.steps() - 1), lastState);
  }

  /** Puts the last states in their places, from where cells have left them. */
  void endCells() {
    end(stateBefore(layer.steps()), lastState);
    if (hasCell()) {
      end(kept(layer.steps()), lastCell);
    }
  }

  private void end(MemorySegment state, MemorySegment to) {
    if (to.byteSize() > 0) {
      MemorySegment.copy(state, 0, to, direction * layer.stateBytes(), layer.stateBytes());
    }
  }
}
