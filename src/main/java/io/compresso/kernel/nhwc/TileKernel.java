package io.compresso.kernel.nhwc;

import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/** Computes rows of tiles. Safe for use by many threads. */
public interface TileKernel extends AutoCloseable {
  /**
   * Computes rows of tiles of consecutive panels.
   *
   * @param input the first window
   * @param filters the panels {@code [run][step][part][vector][lane][4 bytes]}
   * @param constants of the panels' vectors, see {@link TileShape#CONSTANT_VECTORS}
   * @param output the first result
   * @param residual the first result's residual
   */
  void run(
      MemorySegment input,
      MemorySegment filters,
      MemorySegment constants,
      MemorySegment output,
      @Nullable MemorySegment residual,
      int tileRows,
      int panels);

  @Override
  void close();
}
