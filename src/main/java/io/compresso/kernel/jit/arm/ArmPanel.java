package io.compresso.kernel.jit.arm;

import io.compresso.kernel.Acceptance;
import io.compresso.kernel.jit.CodeCache;
import io.compresso.kernel.jit.NativeCall;
import io.compresso.kernel.panel.PanelProduct;
import io.compresso.kernel.panel.PanelShape;
import io.compresso.kernel.panel.PanelShape.BiasAxis;
import java.lang.foreign.MemorySegment;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** Panel products in NEON code; the variants of {@link PanelCode} are made when first needed. */
final class ArmPanel implements PanelProduct {
  private static final int LANES = 4;
  private static final int WIDTH_IN_VECTORS = 2;
  private static final int MOST_TAPS = 128;

  private final Products products;
  private final PanelShape shape;
  private final Map<Variant, CodeCache.Lease> variants = new ConcurrentHashMap<>();

  private record Variant(int rows, int vectors, int tail) {}

  private ArmPanel(Products products, PanelShape shape) {
    this.products = products;
    this.shape = shape;
  }

  /** Makes products of the given elements. */
  static PanelProduct.Factory factory(Products products) {
    return new PanelProduct.Factory() {
      @Override
      public int width() {
        return WIDTH_IN_VECTORS * LANES;
      }

      @Override
      public PanelProduct create(PanelShape shape) {
        return new ArmPanel(products, shape);
      }
    };
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
    int blocks = Math.ceilDiv(rows, products.mostRows());
    int rowsPerBlock = Math.ceilDiv(rows, blocks);
    int full = rows / rowsPerBlock;
    section(a, b, c, bias, rowsPerBlock, full, columns);
    int done = full * rowsPerBlock;
    if (done < rows) {
      section(
          isEmpty() ? a : a.asSlice(4 * done * shape.left().rowStride()),
          b,
          c.asSlice(4 * done * shape.outputStride()),
          shape.bias() == BiasAxis.ROWS ? bias.asSlice(4L * done) : bias,
          rows - done,
          1,
          columns);
    }
  }

  private boolean isEmpty() {
    return shape.panel().depth() == 0;
  }

  private void section(
      MemorySegment a,
      MemorySegment b,
      MemorySegment c,
      MemorySegment bias,
      int rows,
      int blocks,
      int columns) {
    int vectors =
        shape.panel().padded()
            ? WIDTH_IN_VECTORS
            : Math.min(vectorsFor(rows), Math.ceilDiv(columns, LANES));
    int tiles = columns / (vectors * LANES);
    if (tiles > 0) {
      call(new Variant(rows, vectors, 0), a, b, c, bias, blocks, tiles);
    }
    int done = tiles * vectors * LANES;
    int rest = columns - done;
    if (rest > 0) {
      long start = shape.panel().padded() ? 4 * tiles * shape.panel().advance() : 4L * done;
      call(
          new Variant(rows, Math.ceilDiv(rest, LANES), rest % LANES),
          a,
          isEmpty() ? b : b.asSlice(start),
          c.asSlice(4L * done),
          shape.bias() == BiasAxis.COLUMNS ? bias.asSlice(4L * done) : bias,
          blocks,
          1);
    }
  }

  /** Wide tiles for few rows, so that enough sums are on their way to hide the latency. */
  private int vectorsFor(int rows) {
    if (products == Products.WIDENED) {
      return WIDTH_IN_VECTORS;
    }
    int most = (Registers.COUNT - rows) / (rows + 1);
    return Math.clamp(most, WIDTH_IN_VECTORS, rows == 1 ? 8 : rows == 2 ? 6 : 4);
  }

  private void call(
      Variant variant,
      MemorySegment a,
      MemorySegment b,
      MemorySegment c,
      MemorySegment bias,
      int blocks,
      int tiles) {
    MemorySegment code = variants.computeIfAbsent(variant, this::lease).entry();
    NativeCall.block(code, a, b, c, bias, blocks, tiles, MemorySegment.NULL);
  }

  private CodeCache.Lease lease(Variant variant) {
    PanelCode code =
        new PanelCode(products, shape, variant.rows(), variant.vectors(), variant.tail());
    return CodeCache.lease(code, code::generate);
  }

  @Override
  public void close() {
    variants.values().forEach(CodeCache.Lease::close);
  }
}
