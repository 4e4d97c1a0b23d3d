package io.compresso.kernel.nhwc;

import java.lang.foreign.MemorySegment;

/** A call of {@link TileKernel#run} that is made again and again, whose parameters these are. */
public record TileCall(
    TileKernel tiles,
    TileKernel.Memory memory,
    MemorySegment input,
    long inputAt,
    long filtersAt,
    long constantsAt,
    long outputAt,
    int tileRows,
    int panels) {
  void run() {
    tiles.run(memory, input, inputAt, filtersAt, constantsAt, outputAt, tileRows, panels);
  }
}
