package io.compresso.kernel.nhwc;

import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/** Computes rows of tiles. Safe for use by many threads. */
public interface TileKernel extends AutoCloseable {
  /**
   * The memory of a run.
   *
   * @param filters the panels {@code [run][step][part][vector][lane][4 bytes]}
   * @param constants of the panels' vectors, see {@link TileShape#CONSTANT_VECTORS}
   * @param output the results
   * @param residual the residuals, laid out as the results are
   */
  record Memory(
      MemorySegment filters,
      MemorySegment constants,
      MemorySegment output,
      @Nullable MemorySegment residual) {}

  /**
   * Computes rows of tiles of consecutive panels. All places are in bytes. The caller keeps the
   * memory alive for the length of the call.
   *
   * @param input has the first window
   * @param inputAt where the first window begins
   * @param filtersAt where the first panel begins
   * @param constantsAt where its constants begin
   * @param outputAt where the first result and its residual are
   * @param tileRows rows of tiles
   * @param panels consecutive panels
   */
  void run(
      Memory memory,
      MemorySegment input,
      long inputAt,
      long filtersAt,
      long constantsAt,
      long outputAt,
      int tileRows,
      int panels);

  @Override
  void close();
}
