package io.compresso.kernel.jit.arm;

import io.compresso.kernel.jit.CodeCache;
import io.compresso.kernel.jit.NativeCall;
import io.compresso.kernel.nhwc.Arithmetic;
import io.compresso.kernel.nhwc.RowPadder;
import io.compresso.kernel.nhwc.TileBackend;
import io.compresso.kernel.nhwc.TileKernel;
import io.compresso.kernel.nhwc.TileShape;
import java.lang.foreign.MemorySegment;

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
        Memory memory,
        MemorySegment input,
        long inputAt,
        long filtersAt,
        long constantsAt,
        long outputAt,
        int tileRows,
        int panels) {
      MemorySegment residual = memory.residual();
      NativeCall.tiles(
          code.entry(),
          input.address() + inputAt,
          memory.filters().address() + filtersAt,
          memory.output().address() + outputAt,
          memory.constants().address() + constantsAt,
          tileRows,
          panels,
          (residual == null ? memory.output() : residual).address() + outputAt,
          table.address());
    }

    @Override
    public void close() {
      code.close();
    }
  }

  private record Padder(Arithmetic arithmetic, CodeCache.Lease code, CodeCache.Lease fill)
      implements RowPadder {
    @Override
    public void copy(
        MemorySegment source,
        long sourceAt,
        MemorySegment target,
        long targetAt,
        int rows,
        int padding) {
      call(code, source.address() + sourceAt, target.address() + targetAt, rows, padding);
    }

    @Override
    public void fill(MemorySegment target, long targetAt, int rows, int padding) {
      long at = target.address() + targetAt;
      call(fill, at, at, rows, padding);
    }

    private void call(CodeCache.Lease lease, long source, long target, int rows, int padding) {
      long pattern = arithmetic.isInteger() ? (padding & 0xFF) * 0x01010101L : 0;
      NativeCall.block(lease.entry(), source, target, target, target, rows, pattern, 0);
    }

    @Override
    public void close() {
      code.close();
      fill.close();
    }
  }
}
