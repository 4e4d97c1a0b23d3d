package io.compresso.kernel.nhwc;

/**
 * How the rows of tiles and the panels of a convolution are dealt to threads, and how many rows of
 * tiles are computed from one block of the input.
 *
 * @param rows all rows of tiles, in chunks
 * @param panels all panels of all groups, in chunks
 * @param blockRows rows of tiles of a block, at most
 */
record Chunking(Split rows, Split panels, int blockRows) {
  private static final int CHUNKS_PER_THREAD = 6;
  private static final int LEAST_CHUNKS_PER_THREAD = 2;
  private static final int BALANCING = 4;
  private static final long NEAR_CACHE = 24 << 10;
  private static final long FAR_CACHE = 256 << 10;
  private static final int LEAST_BLOCK_ROWS = 4;

  /**
   * What the choice depends on.
   *
   * @param tileRows all rows of tiles
   * @param panels all panels
   * @param filterBytes bytes of all panels
   * @param inputBytes bytes of the input as tiles read it
   * @param tileRowBytes bytes of the input that one row of tiles adds to a block
   * @param chunkable how many chunks are large enough
   */
  record Sizes(
      int tileRows,
      int panels,
      long filterBytes,
      long inputBytes,
      long tileRowBytes,
      long chunkable) {}

  static Chunking choose(Sizes sizes, int threads) {
    int wanted =
        threads == 1
            ? 1
            : (int) Math.clamp(sizes.chunkable(), 1, (long) CHUNKS_PER_THREAD * threads);
    int least = Math.min(wanted, threads == 1 ? 1 : LEAST_CHUNKS_PER_THREAD * threads);
    long cost = Long.MAX_VALUE;
    int rowChunks = 1;
    int panelChunks = 1;
    for (int split = 1; split <= Math.min(wanted, sizes.panels()); split++) {
      for (int rows = 1; rows <= Math.min(wanted, sizes.tileRows()); rows++) {
        long chunks = (long) rows * split;
        // Too few chunks leave threads without work, some more balance it.
        long missing = Math.max(0, least - chunks) + Math.max(0, wanted - chunks) / BALANCING;
        long traffic = rows * sizes.filterBytes() + split * sizes.inputBytes();
        long total = traffic + missing * (sizes.filterBytes() + sizes.inputBytes());
        if (total < cost) {
          cost = total;
          rowChunks = rows;
          panelChunks = split;
        }
      }
    }
    long cache = sizes.filterBytes() / panelChunks > FAR_CACHE ? FAR_CACHE : NEAR_CACHE;
    int blockRows =
        (int)
            Math.clamp(
                cache / Math.max(1, sizes.tileRowBytes()),
                LEAST_BLOCK_ROWS,
                sizes.tileRows() + LEAST_BLOCK_ROWS);
    return new Chunking(
        new Split(sizes.tileRows(), rowChunks), new Split(sizes.panels(), panelChunks), blockRows);
  }

  int count() {
    return rows.parts() * panels.parts();
  }
}
