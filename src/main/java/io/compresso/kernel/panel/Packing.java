package io.compresso.kernel.panel;

import io.compresso.kernel.Workers;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/** Copies float matrices into panels {@code [n/width][k][width]}, the last one padded with 0. */
public final class Packing {
  private static final ValueLayout.OfFloat FLOAT =
      ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private Packing() {}

  /** Bytes of the panels of a {@code [k, n]} matrix. */
  public static long bytes(int k, int n, int width) {
    return Math.multiplyExact(4L * k, Math.ceilDiv((long) n, width) * width);
  }

  /**
   * Packs {@code matrix[k, n]}, or {@code matrix[n, k]} when transposed.
   *
   * @param panels {@link #bytes} bytes, all of which are written
   */
  public static void pack(
      MemorySegment matrix,
      boolean transposed,
      int k,
      int n,
      int width,
      MemorySegment panels,
      int threads) {
    int count = Math.ceilDiv(n, width);
    long panelBytes = 4L * k * width;
    Workers.shared()
        .run(
            count,
            panels.byteSize() < 1 << 16 ? 1 : threads,
            panel -> {
              MemorySegment target = panels.asSlice(panel * panelBytes, panelBytes);
              int first = panel * width;
              int columns = Math.min(width, n - first);
              if (columns < width) {
                target.fill((byte) 0);
              }
              if (transposed) {
                packTransposed(matrix, 4L * first * k, k, columns, width, target);
              } else {
                for (int p = 0; p < k; p++) {
                  MemorySegment.copy(
                      matrix, 4 * ((long) p * n + first), target, 4L * p * width, 4L * columns);
                }
              }
            });
  }

  private static void packTransposed(
      MemorySegment matrix, long start, int k, int columns, int width, MemorySegment target) {
    for (int j = 0; j < columns; j++) {
      long from = start + 4L * j * k;
      long to = 4L * j;
      for (int p = 0; p < k; p++) {
        target.set(FLOAT, to + 4L * p * width, matrix.get(FLOAT, from + 4L * p));
      }
    }
  }
}
