package io.compresso.kernel.nhwc;

import java.util.stream.IntStream;

/**
 * How the tiles of a convolution are cut into blocks, whose transformed tiles stay in the cache,
 * and the panels of filters into chunks. A chunk of panels transforms the block's tiles again.
 *
 * @param rows rows of tiles, in blocks
 * @param columns tiles of a row, in blocks
 * @param panels panels of filters, in chunks
 */
record WinogradBlocks(Split rows, Split columns, Split panels) {
  private static final long CACHE = 1 << 20;
  private static final int LEAST_CHUNKS_PER_THREAD = 2;
  private static final double CYCLES_PER_FILTER_BYTE = 0.05;
  private static final double CYCLES_PER_INPUT_BYTE = 0.5;

  /**
   * What the choice depends on.
   *
   * @param tileBytes bytes of a transformed tile and of its sums of one panel
   * @param filterBytes bytes of all transformed filters
   * @param panels panels of filters
   * @param chunkable how many chunks are large enough
   */
  record Sizes(long tileBytes, long filterBytes, int panels, long chunkable) {}

  static WinogradBlocks choose(WinogradTiling tiling, Sizes sizes, int threads) {
    long spare = Math.max(CACHE / 4, CACHE - sizes.filterBytes());
    long budget = sizes.filterBytes() > CACHE ? CACHE : spare;
    int most = (int) Math.clamp(budget / sizes.tileBytes(), 1, Integer.MAX_VALUE);
    Split columns = Split.ofAtMost(tiling.columns(), most);
    int rowsPerBlock = columns.parts() > 1 ? 1 : Math.max(1, most / tiling.columns());
    Split rows = Split.ofAtMost(tiling.rows(), Math.min(rowsPerBlock, tiling.rows()));
    long wanted =
        threads == 1
            ? 1
            : Math.clamp(sizes.chunkable(), 1, (long) LEAST_CHUNKS_PER_THREAD * threads);
    double least = Double.POSITIVE_INFINITY;
    WinogradBlocks best = new WinogradBlocks(rows, columns, new Split(sizes.panels(), 1));
    for (int parts = rows.parts(); parts <= tiling.rows(); parts++) {
      for (int chunks = 1; chunks <= sizes.panels(); chunks++) {
        long count = (long) parts * columns.parts() * chunks;
        if (count < wanted && (parts < tiling.rows() || chunks < sizes.panels())) {
          continue;
        }
        double cost =
            CYCLES_PER_FILTER_BYTE * parts * columns.parts() * sizes.filterBytes()
                + CYCLES_PER_INPUT_BYTE * chunks * tiling.tiles() * sizes.tileBytes();
        if (cost < least) {
          least = cost;
          best =
              new WinogradBlocks(
                  new Split(tiling.rows(), parts), columns, new Split(sizes.panels(), chunks));
        }
      }
      if (parts >= rows.parts() + wanted) {
        break;
      }
    }
    return best;
  }

  /** Chunks of blocks and panels. */
  int count() {
    return rows.parts() * columns.parts() * panels.parts();
  }

  /** Tiles of the largest block. */
  int mostTiles() {
    return rows.large() * columns.large();
  }

  /** How many tiles blocks have. */
  IntStream tiles() {
    return sizes(rows).flatMap(r -> sizes(columns).map(c -> r * c)).distinct();
  }

  private static IntStream sizes(Split split) {
    return split.smallCount() == 0
        ? IntStream.of(split.large())
        : IntStream.of(split.large(), split.small());
  }
}
