package io.compresso.kernel.jit.x86;

import io.compresso.kernel.jit.CodeCache;
import io.compresso.kernel.jit.NativeCall;
import io.compresso.kernel.nhwc.Arithmetic;
import io.compresso.kernel.nhwc.WinogradBackend;
import io.compresso.kernel.panel.ByteGatherer;
import io.compresso.kernel.panel.WordTransposer;
import java.lang.foreign.MemorySegment;
import java.lang.ref.Reference;
import org.jspecify.annotations.Nullable;

/** Winograd's transforms and products in machine code. */
record X86WinogradBackend(VectorSet set, Arithmetic arithmetic) implements WinogradBackend {
  private static final int VECTORS = 2;

  /** Multiplying instructions of a cycle; the words of AVX2 take one more to be summed. */
  private static final double PER_CYCLE = 2;

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
  public double productsPerCycle() {
    return arithmetic.isInteger() && set != VectorSet.AVX2
        ? PER_CYCLE * arithmetic.grain()
        : PER_CYCLE;
  }

  @Override
  public double directProductsPerCycle() {
    return arithmetic.isInteger() && set != VectorSet.AVX2
        ? PER_CYCLE * Arithmetic.BYTES.grain()
        : PER_CYCLE;
  }

  @Override
  public @Nullable FilterKernel filters(int outputs) {
    WordTransposer transposer = X86WordTransposer.of(set);
    if (transposer == null) {
      return null;
    }
    if (arithmetic.isInteger()) {
      WinogradWordFilterCode generator = new WinogradWordFilterCode();
      return new Filters(
          transposer,
          X86ByteGatherer.of(set, ByteGatherer.Form.PAIRS),
          CodeCache.lease(generator, generator::generate),
          MemorySegment.NULL);
    }
    WinogradFilterCode generator = new WinogradFilterCode(outputs);
    return new Filters(
        transposer, null, CodeCache.lease(generator, generator::generate), generator.factors());
  }

  @Override
  public InputKernel input(InputShape shape) {
    WinogradInputCode generator = new WinogradInputCode(set, arithmetic, shape);
    return new Input(CodeCache.lease(generator, generator::generate), generator.zeroPointFactor());
  }

  @Override
  public ProductKernel product(ProductShape shape) {
    WinogradProductCode generator = new WinogradProductCode(set, arithmetic, shape);
    return new Product(CodeCache.lease(generator, generator::generate));
  }

  @Override
  public OutputKernel output(OutputShape shape) {
    WinogradOutputCode generator = new WinogradOutputCode(set, arithmetic, shape);
    return new Output(
        CodeCache.lease(generator, generator::generate), generator.stores(shape.tail()).table());
  }

  private record Filters(
      WordTransposer transposer,
      @Nullable ByteGatherer gatherer,
      CodeCache.Lease code,
      MemorySegment factors)
      implements FilterKernel {
    @Override
    public void run(
        long filters, int steps, long target, long positionBytes, long stepBytes, long largest) {
      NativeCall.block(
          code.entry(),
          filters,
          largest,
          target,
          factors.address(),
          steps,
          positionBytes,
          stepBytes);
      Reference.reachabilityFence(factors);
    }

    @Override
    public void close() {
      transposer.close();
      if (gatherer != null) {
        gatherer.close();
      }
      code.close();
    }
  }

  private record Input(CodeCache.Lease code, int zeroPointFactor) implements InputKernel {
    @Override
    public void run(long input, long rows, long target, int tiles, int zeroPoint) {
      int word = zeroPoint * zeroPointFactor;
      long words = word << Short.SIZE | word & 0xFFFF;
      NativeCall.block(code.entry(), input, rows, target, words, tiles, 0, 0);
    }

    @Override
    public void close() {
      code.close();
    }
  }

  private record Product(CodeCache.Lease code) implements ProductKernel {
    @Override
    public void run(long input, long filters, long sums) {
      NativeCall.block(code.entry(), input, filters, sums, sums, 0, 0, 0);
    }

    @Override
    public void close() {
      code.close();
    }
  }

  private record Output(CodeCache.Lease code, MemorySegment table) implements OutputKernel {
    @Override
    public void run(
        long sums, long doubts, long constants, long result, long residual, int tiles, int rows) {
      NativeCall.tiles(
          code.entry(), sums, doubts, result, constants, tiles, rows, residual, table.address());
    }

    @Override
    public void close() {
      code.close();
    }
  }
}
