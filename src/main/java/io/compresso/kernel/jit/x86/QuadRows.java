package io.compresso.kernel.jit.x86;

import io.compresso.kernel.Isa;
import io.compresso.kernel.jit.CodeCache;
import io.compresso.kernel.jit.NativeCall;
import io.compresso.kernel.jit.x86.GemmPanels.Bytes;
import io.compresso.kernel.panel.Scratch;
import io.compresso.tensor.DType;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** Packs bytes {@code [k, n]} into {@link GemmPanels} of four rows a unit in machine code. */
final class QuadRows implements AutoCloseable {
  private static final int LANES = 16;
  private static final int GROUP = 4;
  private static final int MOVE = 128;

  private final GemmPanels panels;
  private final boolean flips;
  private final CodeCache.Lease whole;
  private final CodeCache.Lease last;

  /**
   * @param panels for which {@link #accepts} holds
   */
  QuadRows(GemmPanels panels, Bytes bytes) {
    this.panels = panels;
    this.flips = bytes.type() == DType.UINT8;
    this.whole = lease(GROUP);
    this.last = lease(Math.max(1, panels.k() % GROUP));
  }

  private CodeCache.Lease lease(int rows) {
    QuadRowsCode code = new QuadRowsCode(rows, flips);
    return CodeCache.lease(code, code::generate);
  }

  /** Whether there is code that packs panels of such bytes. */
  static boolean accepts(Isa isa, GemmPanels panels, Bytes bytes, MemorySegment matrix) {
    return isa.compareTo(Isa.AVX512_VNNI) >= 0
        && !panels.transposed()
        && panels.unit().elementBytes() == 1
        && panels.unit().group() == GROUP
        && panels.width() % LANES == 0
        && bytes.move() == (bytes.type() == DType.UINT8 ? MOVE : 0)
        && matrix.isNative();
  }

  /**
   * Packs some panels, which are written as a whole.
   *
   * @param sums to which each column's bytes, less what they are reduced by, are added
   */
  void pack(MemorySegment matrix, MemorySegment target, int[] sums, int from, int to) {
    try (Scratch scratch = Scratch.of(4 * LANES)) {
      MemorySegment here = scratch.segment();
      for (int panel = from; panel < to; panel++) {
        MemorySegment packed = target.asSlice(panel * panels.panelBytes(), panels.panelBytes());
        long used = Math.ceilDiv(panels.k(), GROUP) * panels.stepBytes();
        packed.asSlice(used).fill((byte) 0);
        for (int lane = 0; lane < panels.width(); lane += LANES) {
          int first = panel * panels.width() + lane;
          int count = Math.clamp(panels.n() - first, 0, LANES);
          here.fill((byte) 0);
          pack(matrix, Math.min(first, panels.n()), packed, lane, (1L << count) - 1, here);
          for (int i = 0; i < count; i++) {
            sums[first + i] += here.getAtIndex(ValueLayout.JAVA_INT, i);
          }
        }
      }
    }
  }

  private void pack(
      MemorySegment matrix,
      int first,
      MemorySegment packed,
      int lane,
      long mask,
      MemorySegment sums) {
    int steps = panels.k() / GROUP;
    int n = panels.n();
    long source = matrix.address() + first;
    long target = packed.address() + (long) GROUP * lane;
    if (steps > 0) {
      NativeCall.block(
          whole.entry(), source, sums.address(), target, mask, steps, n, panels.stepBytes());
    }
    if (panels.k() % GROUP > 0) {
      NativeCall.block(
          last.entry(),
          source + (long) GROUP * steps * n,
          sums.address(),
          target + steps * panels.stepBytes(),
          mask,
          1,
          n,
          panels.stepBytes());
    }
  }

  @Override
  public void close() {
    whole.close();
    last.close();
  }
}
