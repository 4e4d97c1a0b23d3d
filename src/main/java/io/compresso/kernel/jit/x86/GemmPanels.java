package io.compresso.kernel.jit.x86;

import io.compresso.kernel.Isa;
import io.compresso.kernel.Workers;
import io.compresso.kernel.panel.WordPacker;
import io.compresso.tensor.DType;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;

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

  /**
   * What bytes are.
   *
   * @param move what they are reduced by
   */
  record Bytes(DType type, int move) {
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
    int chunks = chunks(threads);
    Workers.shared()
        .run(chunks, threads, chunk -> pack(matrix, panels, bytes, sums, chunk, chunks));
  }

  /**
   * As {@link #pack}, by all threads and, where there is code for it, in machine code. Makes
   * objects that a run should not.
   */
  void packWeights(Isa isa, MemorySegment matrix, MemorySegment panels, Bytes bytes, int[] sums) {
    int threads = Workers.shared().size();
    try (PanelColumns columns = PanelColumns.of(isa, this, bytes, matrix)) {
      if (columns == null) {
        pack(matrix, panels, bytes, sums, threads);
      } else {
        inChunks(threads, (first, end) -> columns.pack(matrix, panels, sums, first, end));
      }
    }
  }

  /** Packs panels from the first to before the second. */
  @FunctionalInterface
  interface Packer {
    void pack(int first, int end);
  }

  /** Has all panels packed, by several threads where that is worth it. */
  void inChunks(int threads, Packer packer) {
    int count = Math.ceilDiv(n, width);
    int chunks = chunks(threads);
    Workers.shared()
        .run(
            chunks,
            threads,
            chunk ->
                packer.pack(
                    (int) ((long) chunk * count / chunks), (int) ((chunk + 1L) * count / chunks)));
  }

  /** Into how many chunks packing is best cut. */
  int chunks(int threads) {
    return WordPacker.chunks(Math.ceilDiv(n, width), bytes(), threads);
  }

  /** Packs the panels of one chunk of several; makes no objects where units are single elements. */
  void pack(
      MemorySegment matrix, MemorySegment panels, Bytes bytes, int[] sums, int chunk, int chunks) {
    int count = Math.ceilDiv(n, width);
    int first = (int) ((long) chunk * count / chunks);
    int end = (int) ((chunk + 1L) * count / chunks);
    if (group() == 1 && !transposed) {
      copyRows(matrix, panels, first, end);
      return;
    }
    if (elementBytes() * group() != 4) {
      for (int panel = first; panel < end; panel++) {
        packHalves(matrix, panels, panel);
      }
      return;
    }
    WordPacker words = new WordPacker(matrix, type(bytes), false, group(), 1);
    if (!transposed) {
      packRows(words, panels, first, end, bytes, sums);
      return;
    }
    for (int panel = first; panel < end; panel++) {
      MemorySegment target = panels.asSlice(panel * panelBytes(), panelBytes());
      packColumns(words, target, panel * width, bytes, sums);
    }
  }

  private static void clear(MemorySegment segment, long from, long bytes) {
    long at = from;
    for (; at + 8 <= from + bytes; at += 8) {
      segment.set(ValueLayout.JAVA_LONG_UNALIGNED, at, 0);
    }
    for (; at < from + bytes; at += 2) {
      segment.set(ValueLayout.JAVA_SHORT_UNALIGNED, at, (short) 0);
    }
  }

  private DType type(Bytes bytes) {
    return switch (elementBytes()) {
      case 1 -> bytes.type();
      case 2 -> DType.BFLOAT16;
      default -> DType.FLOAT;
    };
  }

  private void packColumns(
      WordPacker words, MemorySegment target, int first, Bytes bytes, int[] sums) {
    int columns = Math.min(width, n - first);
    int most = words.stepsAtATime(width);
    for (int step = 0; step < depth(); step += most) {
      int steps = Math.min(most, depth() - step);
      int from = Math.min(k, step * group());
      int count = Math.min(k - from, steps * group());
      words.begin(steps, width, columns < width);
      for (int j = 0; j < columns; j++) {
        int sum =
            words.readColumn((long) (first + j) * k + from, count, steps * group(), bytes.move());
        if (sums.length > 0) {
          sums[first + j] += sum;
        }
        words.putColumn(0, 1, 0, steps, j, width);
      }
      words.store(0, steps, width, target, step);
    }
  }

  /** Packs panels next to each other, a step of all of them at a time. */
  private void packRows(
      WordPacker words, MemorySegment panels, int from, int to, Bytes bytes, int[] sums) {
    int first = from * width;
    int[] moves = new int[Math.min(n, to * width) - first];
    Arrays.fill(moves, bytes.move());
    for (int step = 0; step < depth(); step++) {
      int row = step * group();
      int rows = Math.clamp(k - row, 0, group());
      words.packRows((long) row * n + first, n, rows, moves, sums, first);
      for (int panel = from; panel < to; panel++) {
        int column = (panel - from) * width;
        int count = Math.min(width, moves.length - column);
        words.storeRow(column, count, width, panels, (long) panel * depth() + step);
      }
    }
  }

  private void copyRows(MemorySegment matrix, MemorySegment panels, int from, int to) {
    int whole = depth() == k ? Math.min(to, n / width) : from;
    clear(panels, whole * panelBytes(), (to - whole) * panelBytes());
    for (int p = 0; p < k; p++) {
      for (int panel = from; panel < to; panel++) {
        int first = panel * width;
        MemorySegment.copy(
            matrix,
            ((long) p * n + first) * elementBytes(),
            panels,
            panel * panelBytes() + p * stepBytes(),
            (long) Math.min(width, n - first) * elementBytes());
      }
    }
  }

  /** Transposes elements of 16 bits that lie one by one. */
  private void packHalves(MemorySegment matrix, MemorySegment panels, int panel) {
    int first = panel * width;
    long base = panel * panelBytes();
    int columns = Math.min(width, n - first);
    if (columns < width || depth() != k) {
      clear(panels, base, panelBytes());
    }
    for (int j = 0; j < columns; j++) {
      for (int p = 0; p < k; p++) {
        panels.set(
            ValueLayout.JAVA_SHORT_UNALIGNED,
            base + 2L * j + p * stepBytes(),
            matrix.get(ValueLayout.JAVA_SHORT_UNALIGNED, 2 * ((long) (first + j) * k + p)));
      }
    }
  }
}
