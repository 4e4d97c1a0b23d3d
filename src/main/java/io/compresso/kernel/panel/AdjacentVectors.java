package io.compresso.kernel.panel;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.stream.LongStream;

/** Where vectors that lie one after the other are. */
final class AdjacentVectors {
  static final MemorySegment OFFSETS =
      Arena.global()
          .allocateFrom(
              ValueLayout.JAVA_LONG,
              LongStream.range(0, WordTransposer.ADJACENT)
                  .map(i -> i * Integer.BYTES * WordTransposer.LANES)
                  .toArray());

  private AdjacentVectors() {}
}
