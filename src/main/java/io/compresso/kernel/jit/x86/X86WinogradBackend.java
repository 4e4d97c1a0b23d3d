package io.compresso.kernel.jit.x86;

import io.compresso.kernel.jit.CodeCache;
import io.compresso.kernel.jit.NativeCall;
import io.compresso.kernel.nhwc.WinogradBackend;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/** Winograd's transforms and products in machine code. */
record X86WinogradBackend(VectorSet set) implements WinogradBackend {
  private static final int VECTORS = 2;

  @Override
  public int lanes() {
    return set.lanes();
  }

  @Override
  public int vectors() {
    return VECTORS;
  }

  @Override
  public int mostTiles(int vectors) {
    return WinogradProductCode.mostTiles(set, vectors);
  }

  @Override
  public InputKernel input(InputShape shape) {
    WinogradInputCode generator = new WinogradInputCode(set, shape);
    return new Input(CodeCache.lease(generator, generator::generate));
  }

  @Override
  public ProductKernel product(ProductShape shape) {
    WinogradProductCode generator = new WinogradProductCode(set, shape);
    return new Product(CodeCache.lease(generator, generator::generate));
  }

  @Override
  public OutputKernel output(OutputShape shape) {
    WinogradOutputCode generator = new WinogradOutputCode(set, shape);
    return new Output(
        CodeCache.lease(generator, generator::generate), generator.stores(shape.tail()).table());
  }

  private record Input(CodeCache.Lease code) implements InputKernel {
    @Override
    public void run(MemorySegment input, MemorySegment rows, MemorySegment target, int tiles) {
      NativeCall.block(code.entry(), input, rows, target, target, tiles, 0, MemorySegment.NULL);
    }

    @Override
    public void close() {
      code.close();
    }
  }

  private record Product(CodeCache.Lease code) implements ProductKernel {
    @Override
    public void run(MemorySegment input, MemorySegment filters, MemorySegment sums) {
      NativeCall.block(code.entry(), input, filters, sums, sums, 0, 0, MemorySegment.NULL);
    }

    @Override
    public void close() {
      code.close();
    }
  }

  private record Output(CodeCache.Lease code, MemorySegment table) implements OutputKernel {
    @Override
    public void run(
        MemorySegment sums,
        MemorySegment doubts,
        MemorySegment bias,
        MemorySegment result,
        @Nullable MemorySegment residual,
        int tiles,
        int rows) {
      NativeCall.tiles(
          code.entry(),
          sums.address(),
          doubts.address(),
          result.address(),
          bias.address(),
          tiles,
          rows,
          (residual == null ? result : residual).address(),
          table.address());
    }

    @Override
    public void close() {
      code.close();
    }
  }
}
