package io.compresso.kernel.nhwc;

import io.compresso.kernel.panel.Parts;
import io.compresso.kernel.panel.Shares;

/**
 * How the rows of tiles and the panels of a convolution are dealt to threads, and how many rows of
 * tiles are computed from one block of the input.
 *
 * @param rows all rows of tiles, in chunks
 * @param panels all panels of all groups, in chunks
 * @param blockRows rows of tiles of a block, at most
 */
record Chunking(Shares rows, Shares panels, int blockRows) {
  private static final long NEAR_CACHE = 24 << 10;
  private static final long FAR_CACHE = 512 << 10;
  private static final int LEAST_BLOCK_ROWS = 4;

  /**
   * What the choice depends on.
   *
   * @param tileRows all rows of tiles
   * @param panels all panels
   * @param filterBytes bytes of all panels
   * @param inputBytes bytes of the input as tiles read it
   * @param tileRowBytes bytes of the input that one row of tiles adds to a block
   * @param planes in how many planes a block holds it, each of which some panels read alone
   * @param productBytes bytes that a core reads in the time that it takes for all products
   * @param copiedBytes bytes of the copy that chunks share, when several read the same input
   * @param chunkable how many chunks are large enough
   */
  record Sizes(
      int tileRows,
      int panels,
      long filterBytes,
      long inputBytes,
      long tileRowBytes,
      int planes,
      long productBytes,
      long copiedBytes,
      long chunkable) {}

  static Chunking choose(Sizes sizes, int threads) {
    boolean alone = sizes.planes() > 1;
    Parts parts =
        Parts.choose(
            new Parts.Sizes(
                sizes.tileRows(),
                sizes.panels(),
                alone ? 0 : sizes.inputBytes(),
                sizes.filterBytes(),
                sizes.productBytes(),
                alone ? 0 : 2 * sizes.copiedBytes(),
                sizes.chunkable()),
            threads);
    long cache = sizes.filterBytes() / parts.columns() > FAR_CACHE ? FAR_CACHE : NEAR_CACHE;
    long planes = Math.ceilDiv(sizes.planes(), parts.columns());
    int blockRows =
        (int)
            Math.clamp(
                Math.min(cache * sizes.planes(), FAR_CACHE * sizes.planes() / planes)
                    / Math.max(1, sizes.tileRowBytes()),
                LEAST_BLOCK_ROWS,
                sizes.tileRows() + LEAST_BLOCK_ROWS);
    return new Chunking(
        new Shares(sizes.tileRows(), parts.rows()),
        new Shares(sizes.panels(), parts.columns()),
        blockRows);
  }

  /** The same in one chunk. */
  Chunking whole() {
    return new Chunking(new Shares(rows.size(), 1), new Shares(panels.size(), 1), blockRows);
  }

  int count() {
    return rows.parts() * panels.parts();
  }
}
