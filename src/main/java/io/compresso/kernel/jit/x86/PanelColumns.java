package io.compresso.kernel.jit.x86;

import io.compresso.kernel.Isa;
import io.compresso.kernel.jit.x86.GemmPanels.Bytes;
import io.compresso.kernel.panel.ByteColumns;
import io.compresso.kernel.panel.ByteGatherer;
import io.compresso.kernel.panel.ByteGatherer.Form;
import io.compresso.kernel.panel.BytePattern;
import io.compresso.kernel.panel.Scratch;
import io.compresso.kernel.panel.WordTransposer;
import io.compresso.tensor.DType;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Packs transposed operands {@code [n, k]} into {@link GemmPanels} in machine code: floats, or
 * bytes by four rows a unit.
 */
final class PanelColumns implements AutoCloseable {
  private static final int LANES = WordTransposer.LANES;
  private static final int GROUP = 4;
  private static final int MOVE = 128;

  /** Floats of a row that are transposed at a time. */
  private static final int BLOCK = 1 << 8;

  private final GemmPanels panels;
  private final boolean unsigned;
  private final WordTransposer transposer;
  private final @Nullable ByteGatherer gatherer;
  private final @Nullable BytePattern whole;
  private final @Nullable BytePattern rest;

  private PanelColumns(
      GemmPanels panels, Bytes bytes, WordTransposer transposer, @Nullable ByteGatherer gatherer) {
    this.panels = panels;
    this.unsigned = bytes.type() == DType.UINT8;
    this.transposer = transposer;
    this.gatherer = gatherer;
    int left = panels.k() % GROUP;
    this.whole = gatherer == null ? null : pattern(GROUP);
    this.rest = gatherer == null || left == 0 ? null : pattern(left);
  }

  private BytePattern pattern(int rows) {
    int[] bytes = new int[GROUP];
    for (int i = 0; i < GROUP; i++) {
      bytes[i] = i < rows ? i : BytePattern.NONE;
    }
    return new BytePattern(Form.QUADS, bytes, new long[1], GROUP, panels.stepBytes());
  }

  /** What packs panels of such bytes or floats; null where there is nothing of the kind. */
  static @Nullable PanelColumns of(Isa isa, GemmPanels panels, Bytes bytes, MemorySegment matrix) {
    VectorSet set = VectorSet.of(isa);
    boolean floats = panels.unit().elementBytes() == Float.BYTES;
    boolean quads =
        panels.unit().elementBytes() == 1
            && panels.unit().group() == GROUP
            && isa.compareTo(Isa.AVX512_VNNI) >= 0
            && bytes.move() == (bytes.type() == DType.UINT8 ? MOVE : 0);
    if (!panels.transposed()
        || !(floats || quads)
        || panels.width() % LANES != 0
        || !matrix.isNative()) {
      return null;
    }
    ByteGatherer gatherer = quads ? X86ByteGatherer.of(set, Form.QUADS) : null;
    WordTransposer transposer =
        gatherer == null ? X86WordTransposer.of(set) : gatherer.transposer();
    return transposer == null ? null : new PanelColumns(panels, bytes, transposer, gatherer);
  }

  /**
   * Packs some panels, which are written as a whole.
   *
   * @param sums receives the sums of the columns of bytes, less what they are reduced by
   */
  void pack(MemorySegment matrix, MemorySegment target, int[] sums, int from, int to) {
    if (whole == null) {
      packFloats(matrix, target, from, to);
    } else {
      packBytes(whole, matrix, target, sums, from, to);
    }
  }

  private MemorySegment panel(MemorySegment target, int panel, long used) {
    MemorySegment packed = target.asSlice(panel * panels.panelBytes(), panels.panelBytes());
    packed.asSlice(used).fill((byte) 0);
    return packed;
  }

  private void packBytes(
      BytePattern pattern,
      MemorySegment matrix,
      MemorySegment target,
      int[] sums,
      int from,
      int to) {
    int k = panels.k();
    long used = Math.ceilDiv(k, GROUP) * panels.stepBytes();
    try (ByteColumns columns = new ByteColumns(Objects.requireNonNull(gatherer), pattern, rest)) {
      for (int panel = from; panel < to; panel++) {
        MemorySegment packed = panel(target, panel, used);
        for (int lane = 0; lane < panels.width(); lane += LANES) {
          int first = panel * panels.width() + lane;
          int count = Math.clamp(panels.n() - first, 0, LANES);
          if (count == 0) {
            clear(packed, lane);
            continue;
          }
          columns.begin(count, unsigned, null);
          columns.pack(
              matrix.asSlice((long) first * k, (long) count * k),
              k,
              count,
              k,
              packed.address() + (long) GROUP * lane);
          for (int i = 0; i < count; i++) {
            sums[first + i] = columns.sum(i);
          }
        }
      }
    }
  }

  private void packFloats(MemorySegment matrix, MemorySegment target, int from, int to) {
    int k = panels.k();
    int block = Math.min(BLOCK, k);
    try (Scratch scratch = Scratch.of((long) Long.BYTES * (LANES + block))) {
      long[] table = new long[LANES + block];
      for (int i = 0; i < block; i++) {
        table[LANES + i] = i * panels.stepBytes();
      }
      MemorySegment memory = scratch.segment();
      for (int panel = from; panel < to; panel++) {
        MemorySegment packed = panel(target, panel, k * panels.stepBytes());
        for (int lane = 0; lane < panels.width(); lane += LANES) {
          int first = panel * panels.width() + lane;
          int count = Math.clamp(panels.n() - first, 0, LANES);
          if (count == 0) {
            clear(packed, lane);
            continue;
          }
          MemorySegment rows =
              matrix.asSlice((long) Float.BYTES * first * k, (long) Float.BYTES * count * k);
          for (int done = 0; done < k; done += block) {
            for (int i = 0; i < LANES; i++) {
              long element = (long) Math.min(i, count - 1) * k + done;
              table[i] = rows.address() + Float.BYTES * element;
            }
            MemorySegment.copy(table, 0, memory, ValueLayout.JAVA_LONG, 0, table.length);
            transposer.transpose(
                memory.address(),
                count,
                memory.address() + (long) Long.BYTES * LANES,
                Math.min(block, k - done),
                packed.address() + (long) Float.BYTES * lane + done * panels.stepBytes());
          }
        }
      }
    }
  }

  /** Clears the vectors of columns that are missing. */
  private void clear(MemorySegment packed, int lane) {
    for (int step = 0; step < panels.depth(); step++) {
      packed
          .asSlice(step * panels.stepBytes() + (long) Float.BYTES * lane, Float.BYTES * LANES)
          .fill((byte) 0);
    }
  }

  @Override
  public void close() {
    if (gatherer == null) {
      transposer.close();
    } else {
      gatherer.close();
    }
  }
}
