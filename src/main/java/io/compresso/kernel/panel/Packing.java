package io.compresso.kernel.panel;

import io.compresso.kernel.Workers;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;

/** Copies float matrices into panels {@code [n/width][k][width]}, the last one padded with 0. */
public final class Packing {
  private static final ValueLayout.OfInt WORD = ValueLayout.JAVA_INT_UNALIGNED;

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
    int chunks = WordPacker.chunks(count, panels.byteSize(), threads);
    Workers.shared()
        .run(
            chunks,
            threads,
            chunk -> {
              Tile tile = transposed ? new Tile(k, width) : null;
              int end = (int) ((chunk + 1L) * count / chunks);
              for (int panel = (int) ((long) chunk * count / chunks); panel < end; panel++) {
                MemorySegment target = panels.asSlice(panel * panelBytes, panelBytes);
                int first = panel * width;
                int columns = Math.min(width, n - first);
                if (tile != null) {
                  tile.pack(matrix, 4L * first * k, columns, target);
                  continue;
                }
                if (columns < width) {
                  target.fill((byte) 0);
                }
                for (int p = 0; p < k; p++) {
                  MemorySegment.copy(
                      matrix, 4 * ((long) p * n + first), target, 4L * p * width, 4L * columns);
                }
              }
            });
  }

  /** Transposes blocks of a panel in arrays that fit into the nearest caches. */
  private static final class Tile {
    private static final int WORDS = 1 << 13;

    private final int k;
    private final int width;
    private final int[] row;
    private final int[] words;

    Tile(int k, int width) {
      this.k = k;
      this.width = width;
      this.row = new int[Math.min(k, Math.max(1, WORDS / width))];
      this.words = new int[row.length * width];
    }

    void pack(MemorySegment matrix, long start, int columns, MemorySegment target) {
      if (columns < width) {
        Arrays.fill(words, 0);
      }
      for (int from = 0; from < k; from += row.length) {
        int count = Math.min(row.length, k - from);
        for (int column = 0; column < columns; column++) {
          MemorySegment.copy(matrix, WORD, start + 4 * ((long) column * k + from), row, 0, count);
          put(column, count);
        }
        MemorySegment.copy(words, 0, target, WORD, 4L * from * width, count * width);
      }
    }

    private void put(int column, int count) {
      int to = column;
      for (int i = 0; i < count; i++) {
        words[to] = row[i];
        to += width;
      }
    }
  }
}
