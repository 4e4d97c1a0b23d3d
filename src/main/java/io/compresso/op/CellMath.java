package io.compresso.op;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** The arithmetic between the products of recurrent cells, on floats {@code [batch, hidden]}. */
final class CellMath {
  private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED;

  private CellMath() {}

  /** {@code c = forget * c + input * cell}, gates as {@link LSTM} stacks them. */
  static void cell(int batch, int hidden, MemorySegment gates, MemorySegment c) {
    for (int b = 0; b < batch; b++) {
      long gate = 16L * b * hidden;
      long at = 4L * b * hidden;
      long forget = gate + 8L * hidden;
      long cell = gate + 12L * hidden;
      for (int i = 0; i < hidden; i++) {
        long offset = 4L * i;
        c.set(
            FLOAT,
            at + offset,
            gates.get(FLOAT, forget + offset) * c.get(FLOAT, at + offset)
                + gates.get(FLOAT, gate + offset) * gates.get(FLOAT, cell + offset));
      }
    }
  }

  /** {@code h = output * x}, gates as {@link LSTM} stacks them. */
  static void output(int batch, int hidden, MemorySegment gates, MemorySegment x, MemorySegment h) {
    for (int b = 0; b < batch; b++) {
      long gate = 16L * b * hidden + 4L * hidden;
      long at = 4L * b * hidden;
      for (int i = 0; i < hidden; i++) {
        long offset = 4L * i;
        h.set(FLOAT, at + offset, gates.get(FLOAT, gate + offset) * x.get(FLOAT, at + offset));
      }
    }
  }

  /** {@code y = reset * h}, of the gates update and reset. */
  static void reset(int batch, int hidden, MemorySegment gates, MemorySegment h, MemorySegment y) {
    for (int b = 0; b < batch; b++) {
      long gate = 8L * b * hidden + 4L * hidden;
      long at = 4L * b * hidden;
      for (int i = 0; i < hidden; i++) {
        long offset = 4L * i;
        y.set(FLOAT, at + offset, gates.get(FLOAT, gate + offset) * h.get(FLOAT, at + offset));
      }
    }
  }

  /** {@code y = reset * x + added}, of the gates update and reset. */
  static void resetSum(
      int batch,
      int hidden,
      MemorySegment gates,
      MemorySegment x,
      MemorySegment added,
      MemorySegment y) {
    for (int b = 0; b < batch; b++) {
      long gate = 8L * b * hidden + 4L * hidden;
      long at = 4L * b * hidden;
      for (int i = 0; i < hidden; i++) {
        long offset = 4L * i;
        y.set(
            FLOAT,
            at + offset,
            gates.get(FLOAT, gate + offset) * x.get(FLOAT, at + offset)
                + added.get(FLOAT, at + offset));
      }
    }
  }

  /** {@code after = (1 - update) * candidate + update * before}. */
  static void update(
      int batch,
      int hidden,
      MemorySegment gates,
      MemorySegment candidate,
      MemorySegment before,
      MemorySegment after) {
    for (int b = 0; b < batch; b++) {
      long gate = 8L * b * hidden;
      long at = 4L * b * hidden;
      for (int i = 0; i < hidden; i++) {
        long offset = 4L * i;
        float update = gates.get(FLOAT, gate + offset);
        after.set(
            FLOAT,
            at + offset,
            (1 - update) * candidate.get(FLOAT, at + offset)
                + update * before.get(FLOAT, at + offset));
      }
    }
  }
}
