package io.compresso.kernel.panel;

import java.lang.foreign.MemorySegment;

/** Dequantizes panels of {@link BlockPanels}. Safe for use by many threads. */
public interface BlockUnpacker extends AutoCloseable {
  /** Makes an unpacker for panels. */
  interface Factory {
    /** Columns of a panel. */
    int columns();

    /**
     * Makes an unpacker.
     *
     * @param step floats from one row of the dequantized weights to the next
     */
    BlockUnpacker create(BlockPanels panels, int step);
  }

  /**
   * Dequantizes a panel.
   *
   * @param target receives, for each step of depth of whole blocks, a float a column
   */
  void unpack(int panel, MemorySegment target);

  /** Frees the code. */
  @Override
  void close();
}
