package io.compresso.kernel.jit.x86;

import io.compresso.kernel.Acceptance;
import io.compresso.kernel.jit.CodeCache;
import io.compresso.kernel.jit.NativeCall;
import io.compresso.kernel.panel.PanelProduct;
import io.compresso.kernel.panel.PanelShape;
import io.compresso.kernel.panel.RowCopier;
import java.lang.foreign.MemorySegment;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** Panel products in machine code; the variants of {@link PanelCode} are made when first needed. */
final class JitPanel implements PanelProduct {
  private static final int WIDTH_IN_VECTORS = 2;
  private static final int MOST_TAPS = 128;

  private final Factors factors;
  private final PanelShape shape;
  private final VectorSet set;
  private final Map<Variant, CodeCache.Lease> variants = new ConcurrentHashMap<>();

  private record Variant(int rows, int vectors, boolean masked) {}

  private JitPanel(Factors factors, PanelShape shape, VectorSet set) {
    this.factors = factors;
    this.shape = shape;
    this.set = set;
  }

  /** Makes products with the given registers. */
  static PanelProduct.Factory factory(Factors factors, VectorSet set) {
    return new PanelProduct.Factory() {
      @Override
      public int width() {
        return WIDTH_IN_VECTORS * set.lanes();
      }

      @Override
      public PanelProduct create(PanelShape shape) {
        return new JitPanel(factors, shape, set);
      }

      @Override
      public RowCopier copier() {
        return new JitRowCopier(set);
      }
    };
  }

  /** Rows of the largest tile. */
  static int mostRows(Factors factors, VectorSet set) {
    return factors.widens(set) ? 4 : (set.registers() - 1) / WIDTH_IN_VECTORS - 1;
  }

  /**
   * Whether operands whose rows and planes have so many elements can be addressed.
   *
   * @param taps elements of the window
   * @param largest the largest distance between two rows, in elements
   */
  static Acceptance accepts(long taps, long largest) {
    return Acceptance.when(taps <= MOST_TAPS, "a window of " + taps + " elements")
        .and(
            Acceptance.when(
                largest <= Integer.MAX_VALUE / 128, "rows of " + largest + " elements"));
  }

  @Override
  public void multiply(
      MemorySegment a,
      MemorySegment b,
      MemorySegment c,
      MemorySegment bias,
      int rows,
      int columns) {
    if (rows == 0 || columns == 0) {
      return;
    }
    boolean empty = shape.panel().depth() == 0;
    int blocks = Math.ceilDiv(rows, mostRows(factors, set));
    int rowsPerBlock = Math.ceilDiv(rows, blocks);
    int full = rows / rowsPerBlock;
    section(a, b, c, bias, rowsPerBlock, full, columns);
    int done = full * rowsPerBlock;
    if (done < rows) {
      section(
          empty ? a : a.asSlice(4 * done * shape.left().rowStride()),
          b,
          c.asSlice(4 * done * shape.outputStride()),
          shape.bias() == PanelShape.BiasAxis.ROWS ? bias.asSlice(4L * done) : bias,
          rows - done,
          1,
          columns);
    }
  }

  private void section(
      MemorySegment a,
      MemorySegment b,
      MemorySegment c,
      MemorySegment bias,
      int rows,
      int blocks,
      int columns) {
    int lanes = set.lanes();
    int vectors =
        shape.panel().padded()
            ? WIDTH_IN_VECTORS
            : Math.min(vectorsFor(rows), Math.ceilDiv(columns, lanes));
    int tiles = columns / (vectors * lanes);
    if (tiles > 0) {
      call(new Variant(rows, vectors, false), a, b, c, bias, blocks, tiles, 0);
    }
    int done = tiles * vectors * lanes;
    int rest = columns - done;
    if (rest > 0) {
      long start = shape.panel().padded() ? 4 * tiles * shape.panel().advance() : 4L * done;
      int last = rest % lanes;
      call(
          new Variant(rows, Math.ceilDiv(rest, lanes), last > 0),
          a,
          shape.panel().depth() == 0 ? b : b.asSlice(start),
          c.asSlice(4L * done),
          shape.bias() == PanelShape.BiasAxis.COLUMNS ? bias.asSlice(4L * done) : bias,
          blocks,
          1,
          last);
    }
  }

  /** Wide tiles for few rows, so that enough sums are on their way to hide the latency. */
  private int vectorsFor(int rows) {
    int most = factors.widens(set) ? WIDTH_IN_VECTORS : (set.registers() - 1) / (rows + 1);
    return Math.clamp(most, WIDTH_IN_VECTORS, rows == 1 ? 8 : rows == 2 ? 6 : 4);
  }

  private void call(
      Variant variant,
      MemorySegment a,
      MemorySegment b,
      MemorySegment c,
      MemorySegment bias,
      int blocks,
      int tiles,
      int masked) {
    MemorySegment code = variants.computeIfAbsent(variant, this::lease).entry();
    NativeCall.block(code, a, b, c, bias, blocks, tiles, set.mask(masked));
  }

  private CodeCache.Lease lease(Variant variant) {
    PanelCode code =
        new PanelCode(factors, shape, set, variant.rows(), variant.vectors(), variant.masked());
    return CodeCache.lease(code, code::generate);
  }

  @Override
  public void close() {
    variants.values().forEach(CodeCache.Lease::close);
  }
}
