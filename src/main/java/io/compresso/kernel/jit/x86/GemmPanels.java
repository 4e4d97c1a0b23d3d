package io.compresso.kernel.jit.x86;

import io.compresso.kernel.Workers;
import io.compresso.tensor.DType;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Packs a right operand into panels {@code [n/width][k/group][width][group]}, padded with zeroes.
 *
 * @param k rows of the operand
 * @param n its columns
 * @param transposed whether it lies as {@code [n, k]}
 * @param unit what lies side by side
 * @param width columns of a panel
 */
record GemmPanels(int k, int n, boolean transposed, Unit unit, int width) {
  /**
   * What lies side by side.
   *
   * @param elementBytes 1, 2 or 4
   * @param group rows of one unit
   * @param grain what the rows of units are a multiple of
   */
  record Unit(int elementBytes, int group, int grain) {}

  private static final int LEAST_BYTES = 1 << 16;

  /**
   * What bytes are.
   *
   * @param flip what they are combined with, exclusive or
   */
  record Bytes(DType type, int flip) {
    static final Bytes NONE = new Bytes(DType.INT8, 0);
  }

  private int group() {
    return unit.group();
  }

  private int elementBytes() {
    return unit.elementBytes();
  }

  /** Rows of units. */
  int depth() {
    return Math.ceilDiv(k, unit.group() * unit.grain()) * unit.grain();
  }

  /** Bytes from one row of units to the next. */
  long stepBytes() {
    return (long) width * group() * elementBytes();
  }

  long panelBytes() {
    return depth() * stepBytes();
  }

  long bytes() {
    return Math.ceilDiv((long) n, width) * panelBytes();
  }

  /**
   * Packs the panels and, for bytes, sums each column.
   *
   * @param bytes what bytes are
   * @param sums one for each column; empty when there is nothing to sum
   */
  void pack(MemorySegment matrix, MemorySegment panels, Bytes bytes, int[] sums, int threads) {
    int count = Math.ceilDiv(n, width);
    Workers.shared()
        .run(
            count,
            panels.byteSize() < LEAST_BYTES ? 1 : threads,
            panel -> packPanel(matrix, panels, bytes, sums, panel));
  }

  private void packPanel(
      MemorySegment matrix, MemorySegment panels, Bytes bytes, int[] sums, int panel) {
    int first = panel * width;
    int columns = Math.min(width, n - first);
    MemorySegment target = panels.asSlice(panel * panelBytes(), panelBytes());
    if (columns < width || depth() * group() != k) {
      target.fill((byte) 0);
    }
    if (group() == 1 && !transposed) {
      long rowBytes = (long) n * elementBytes();
      for (int p = 0; p < k; p++) {
        MemorySegment.copy(
            matrix,
            p * rowBytes + (long) first * elementBytes(),
            target,
            p * stepBytes(),
            (long) columns * elementBytes());
      }
      return;
    }
    long row = transposed ? 1 : n;
    long column = transposed ? k : 1;
    for (int j = 0; j < columns; j++) {
      long from = (first + j) * column;
      long to = (long) j * group() * elementBytes();
      switch (elementBytes()) {
        case 1 -> sums[first + j] = packBytes(matrix, from, row, target, to, bytes);
        case 2 -> packShorts(matrix, 2 * from, 2 * row, target, to);
        default -> packInts(matrix, 4 * from, 4 * row, target, to);
      }
    }
  }

  private int packBytes(
      MemorySegment matrix, long from, long row, MemorySegment target, long to, Bytes bytes) {
    int sum = 0;
    for (int p = 0; p < k; p++) {
      byte value = (byte) (matrix.get(ValueLayout.JAVA_BYTE, from + p * row) ^ bytes.flip());
      sum += bytes.type() == DType.UINT8 && bytes.flip() == 0 ? value & 0xFF : value;
      target.set(ValueLayout.JAVA_BYTE, to + (p / group()) * stepBytes() + p % group(), value);
    }
    return sum;
  }

  private void packShorts(
      MemorySegment matrix, long from, long row, MemorySegment target, long to) {
    for (int p = 0; p < k; p++) {
      target.set(
          ValueLayout.JAVA_SHORT_UNALIGNED,
          to + (p / group()) * stepBytes() + 2L * (p % group()),
          matrix.get(ValueLayout.JAVA_SHORT_UNALIGNED, from + p * row));
    }
  }

  private void packInts(MemorySegment matrix, long from, long row, MemorySegment target, long to) {
    for (int p = 0; p < k; p++) {
      target.set(
          ValueLayout.JAVA_INT_UNALIGNED,
          to + p * stepBytes(),
          matrix.get(ValueLayout.JAVA_INT_UNALIGNED, from + p * row));
    }
  }
}
