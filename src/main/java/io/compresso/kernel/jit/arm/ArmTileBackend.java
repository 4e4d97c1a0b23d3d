package io.compresso.kernel.jit.arm;

import io.compresso.kernel.jit.CodeCache;
import io.compresso.kernel.jit.NativeCall;
import io.compresso.kernel.nhwc.Arithmetic;
import io.compresso.kernel.nhwc.RowPadder;
import io.compresso.kernel.nhwc.TileBackend;
import io.compresso.kernel.nhwc.TileKernel;
import io.compresso.kernel.nhwc.TileShape;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/** Tiles of products in NEON code. */
record ArmTileBackend(TileProducts products) implements TileBackend {
  private static final int LANES = 4;
  private static final int MOST_VECTORS = 4;

  @Override
  public Arithmetic arithmetic() {
    return products.arithmetic();
  }

  @Override
  public boolean depthwise() {
    return products.isDepthwise();
  }

  @Override
  public int lanes() {
    return LANES;
  }

  @Override
  public int mostVectors() {
    return MOST_VECTORS;
  }

  @Override
  public int mostPixels(int vectors) {
    return products.mostPixels(vectors);
  }

  @Override
  public TileKernel tiles(TileShape shape) {
    TileCode generator = new TileCode(products, shape);
    return new Tiles(CodeCache.lease(generator, generator::generate), TileStores.table(shape));
  }

  @Override
  public RowPadder padder(RowPadder.Shape shape) {
    PadCode copy = new PadCode(shape);
    long row = shape.before() + shape.count() + shape.after();
    PadCode fill = new PadCode(new RowPadder.Shape(shape.type(), arithmetic(), row, 0, 0, 0));
    return new Padder(
        arithmetic(), CodeCache.lease(copy, copy::generate), CodeCache.lease(fill, fill::generate));
  }

  private record Tiles(CodeCache.Lease code, MemorySegment table) implements TileKernel {
    @Override
    public void run(
        MemorySegment input,
        MemorySegment filters,
        MemorySegment constants,
        MemorySegment output,
        @Nullable MemorySegment residual,
        int tileRows,
        int panels) {
      NativeCall.tiles(
          code.entry(),
          input,
          filters,
          output,
          constants,
          tileRows,
          panels,
          residual == null ? output : residual,
          table);
    }

    @Override
    public void close() {
      code.close();
    }
  }

  private record Padder(Arithmetic arithmetic, CodeCache.Lease code, CodeCache.Lease fill)
      implements RowPadder {
    @Override
    public void copy(MemorySegment source, MemorySegment target, int rows, int padding) {
      call(code, source, target, rows, padding);
    }

    @Override
    public void fill(MemorySegment target, int rows, int padding) {
      call(fill, target, target, rows, padding);
    }

    private void call(
        CodeCache.Lease lease, MemorySegment source, MemorySegment target, int rows, int padding) {
      long pattern = arithmetic.isInteger() ? (padding & 0xFF) * 0x01010101L : 0;
      NativeCall.block(
          lease.entry(), source, target, target, target, rows, pattern, MemorySegment.NULL);
    }

    @Override
    public void close() {
      code.close();
      fill.close();
    }
  }
}
