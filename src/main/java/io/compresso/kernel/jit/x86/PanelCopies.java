package io.compresso.kernel.jit.x86;

import io.compresso.kernel.jit.CodeCache;
import io.compresso.kernel.jit.NativeCall;
import io.compresso.kernel.jit.x86.StageCode.Strides;
import io.compresso.tensor.DType;
import org.jspecify.annotations.Nullable;

/**
 * Packs matrices of floats that come with each run into {@link GemmPanels} in machine code. Columns
 * after the last one are left as they are.
 */
final class PanelCopies implements AutoCloseable {
  private static final int LEAST_BYTES = 1 << 16;

  private final GemmPanels panels;
  private final long stride;
  private final CodeCache.@Nullable Lease whole;
  private final CodeCache.@Nullable Lease last;

  /** For a dense matrix. */
  PanelCopies(GemmPanels panels, VectorSet set) {
    this(panels, set, panels.transposed() ? panels.k() : panels.n());
  }

  /**
   * @param stride elements from one row of the matrix to the next, as it lies
   */
  PanelCopies(GemmPanels panels, VectorSet set, long stride) {
    this.panels = panels;
    this.stride = stride;
    this.whole = panels.n() >= panels.width() ? lease(set, panels.width()) : null;
    int rest = panels.n() % panels.width();
    this.last = rest > 0 ? lease(set, rest) : null;
  }

  /** Whether panels can be packed so. */
  static boolean accepts(GemmPanels panels, VectorSet set) {
    return panels.unit().elementBytes() == 4
        && panels.k() > 0
        && (!panels.transposed() || set == VectorSet.AVX512);
  }

  private CodeCache.Lease lease(VectorSet set, int columns) {
    if (panels.transposed()) {
      PanelTransposeCode code =
          new PanelTransposeCode(columns, panels.k(), 4 * stride, panels.stepBytes());
      return CodeCache.lease(code, code::generate);
    }
    Strides strides = new Strides(4 * stride, panels.stepBytes());
    StageCode code = new StageCode(set, DType.FLOAT, false, 0, columns, strides);
    return CodeCache.lease(code, code::generate);
  }

  /** How many panels there are. */
  int count() {
    return Math.ceilDiv(panels.n(), panels.width());
  }

  /** How many threads packing is worth, of so many. */
  int threads(int threads) {
    return panels.bytes() < LEAST_BYTES ? 1 : threads;
  }

  /** Packs all panels from a matrix to a target, by their addresses. */
  void pack(long matrix, long target) {
    for (int panel = 0; panel < count(); panel++) {
      pack(matrix, target, panel);
    }
  }

  /** Packs one panel. The caller keeps the memory alive. */
  void pack(long matrix, long target, int panel) {
    long first = (long) panel * panels.width();
    CodeCache.Lease code = first + panels.width() <= panels.n() ? whole : last;
    if (code == null) {
      throw new IllegalStateException("no code for panel " + panel);
    }
    NativeCall.block(
        code.entry(),
        matrix + 4 * first * (panels.transposed() ? stride : 1),
        0,
        target + panel * panels.panelBytes(),
        0,
        panels.k(),
        0,
        0);
  }

  @Override
  public void close() {
    if (whole != null) {
      whole.close();
    }
    if (last != null) {
      last.close();
    }
  }
}
