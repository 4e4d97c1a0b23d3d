package io.compresso.kernel.jit;

import io.compresso.kernel.nhwc.TileCall;
import io.compresso.kernel.nhwc.TileKernel;
import java.lang.foreign.MemorySegment;

/**
 * Tiles in machine code, {@code void f(input, filters, output, constants, tileRows, panels,
 * residual, table)}. Closing them gives the code back.
 *
 * @param table constants of the code
 */
public record CodeTiles(CodeCache.Lease code, MemorySegment table) implements TileKernel {
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

  /** What the code is given in a call. */
  public long[] parameters(TileCall call) {
    Memory memory = call.memory();
    MemorySegment residual = memory.residual();
    return new long[] {
      call.input().address() + call.inputAt(),
      memory.filters().address() + call.filtersAt(),
      memory.output().address() + call.outputAt(),
      memory.constants().address() + call.constantsAt(),
      call.tileRows(),
      call.panels(),
      (residual == null ? memory.output() : residual).address() + call.outputAt(),
      table.address()
    };
  }

  @Override
  public void close() {
    code.close();
  }
}
