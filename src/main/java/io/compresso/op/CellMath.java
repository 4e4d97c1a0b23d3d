package io.compresso.op;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * The arithmetic between the products of {@link GRU}, on floats {@code [batch, hidden]}. It is done
 * in arrays, in and out of which the memory is copied as a whole.
 */
final class CellMath {
  private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED;

  private final int batch;
  private final int hidden;
  private final float[] first;
  private final float[] second;
  private final float[] third;
  private final float[] result;

  /** For calls one at a time. */
  CellMath(int batch, int hidden) {
    this.batch = batch;
    this.hidden = hidden;
    this.first = new float[hidden];
    this.second = new float[hidden];
    this.third = new float[hidden];
    this.result = new float[hidden];
  }

  /** {@code y = reset * h}, of the gates update and reset. */
  void reset(MemorySegment gates, MemorySegment h, MemorySegment y) {
    for (int b = 0; b < batch; b++) {
      read(gates, (2L * b + 1) * hidden, first);
      product(h, y, b);
    }
  }

  /** Of {@code first} and a row. */
  private void product(MemorySegment x, MemorySegment y, int row) {
    read(x, (long) row * hidden, second);
    for (int i = 0; i < result.length; i++) {
      result[i] = first[i] * second[i];
    }
    write(y, (long) row * hidden);
  }

  /** {@code after = (1 - update) * candidate + update * before}. */
  void update(
      MemorySegment gates, MemorySegment candidate, MemorySegment before, MemorySegment after) {
    for (int b = 0; b < batch; b++) {
      read(gates, 2L * b * hidden, first);
      read(candidate, (long) b * hidden, second);
      read(before, (long) b * hidden, third);
      for (int i = 0; i < result.length; i++) {
        result[i] = (1 - first[i]) * second[i] + first[i] * third[i];
      }
      write(after, (long) b * hidden);
    }
  }

  private static void read(MemorySegment from, long at, float[] to) {
    MemorySegment.copy(from, FLOAT, 4 * at, to, 0, to.length);
  }

  private void write(MemorySegment to, long at) {
    MemorySegment.copy(result, 0, to, FLOAT, 4 * at, result.length);
  }
}
