package io.compresso.kernel.jit.x86;

import io.compresso.kernel.jit.CodeCache;
import io.compresso.kernel.jit.NativeCall;
import io.compresso.kernel.nhwc.Arithmetic;
import io.compresso.kernel.nhwc.RowPadder;
import io.compresso.kernel.nhwc.TileBackend;
import io.compresso.kernel.nhwc.TileKernel;
import io.compresso.kernel.nhwc.TileShape;
import java.lang.foreign.MemorySegment;

/** Tiles of convolutions over NHWC in machine code. */
record X86TileBackend(VectorSet set, Arithmetic arithmetic, boolean depthwise)
    implements TileBackend {
  private static final int MOST_VECTORS = 4;

  @Override
  public int lanes() {
    return set.lanes();
  }

  @Override
  public int mostVectors() {
    return MOST_VECTORS;
  }

  @Override
  public int mostPixels(int vectors) {
    return TileCode.mostPixels(set, arithmetic, vectors);
  }

  @Override
  public TileKernel tiles(TileShape shape) {
    TileCode generator = new TileCode(set, shape);
    return new Tiles(
        CodeCache.lease(generator, generator::generate), new TileStores(set, shape).table());
  }

  @Override
  public RowPadder padder(RowPadder.Shape shape) {
    PadCode copy = new PadCode(set, shape);
    long row = shape.before() + shape.count() + shape.after();
    PadCode fill =
        new PadCode(set, new RowPadder.Shape(shape.type(), shape.arithmetic(), row, 0, 0, 0));
    return new Padder(
        shape.arithmetic(),
        CodeCache.lease(copy, copy::generate),
        CodeCache.lease(fill, fill::generate));
  }

  record Tiles(CodeCache.Lease code, MemorySegment table) implements TileKernel {
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
      long pattern =
          switch (arithmetic) {
            case FLOATS, BFLOATS -> 0;
            case BYTES, SIGNED_BYTES, WIDENED_BYTES, UNITS_OF_BYTES ->
                (padding & 0xFF) * 0x01010101L;
            case WORDS -> (padding & 0xFFFF) * 0x00010001L;
          };
      NativeCall.block(lease.entry(), source, target, target, target, rows, pattern, 0);
    }

    @Override
    public void close() {
      code.close();
      fill.close();
    }
  }
}
