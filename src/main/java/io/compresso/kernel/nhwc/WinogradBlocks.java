package io.compresso.kernel.nhwc;

import java.util.Objects;
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
  private static final long CACHED_FILTERS = 640 << 10;
  private static final int LEAST_CHUNKS_PER_THREAD = 2;
  private static final int MOST_CHUNKS_PER_THREAD = 8;
  private static final double CYCLES_PER_CACHED_BYTE = 0.01;
  private static final double CYCLES_PER_BYTE = 0.03;
  private static final double CHUNK_CYCLES = 3000;

  /**
   * What the choice depends on.
   *
   * @param cacheBytes what blocks and filters may take of the cache
   * @param tileBytes bytes of a transformed tile and of its sums of one panel
   * @param filterBytes bytes of all transformed filters
   * @param panels panels of filters
   * @param inputCycles what it takes to transform the input, about
   * @param productCycles what the products and the transforms of the output take
   */
  record Sizes(
      long cacheBytes,
      long tileBytes,
      long filterBytes,
      int panels,
      double inputCycles,
      double productCycles) {}

  static WinogradBlocks choose(WinogradTiling tiling, Sizes sizes, int threads) {
    long cache = sizes.cacheBytes();
    long budget =
        sizes.filterBytes() > cache ? cache : Math.max(cache / 4, cache - sizes.filterBytes());
    int most = (int) Math.clamp(budget / sizes.tileBytes(), 1, Integer.MAX_VALUE);
    Split columns = Split.ofAtMost(tiling.columns(), most);
    int rowsPerBlock = columns.parts() > 1 ? 1 : Math.max(1, most / tiling.columns());
    int leastParts = Math.ceilDiv(tiling.rows(), rowsPerBlock);
    int mostParts = Math.clamp(MOST_CHUNKS_PER_THREAD * threads, leastParts, tiling.rows());
    int mostChunks = Math.min(sizes.panels(), MOST_CHUNKS_PER_THREAD * threads);
    WinogradBlocks best = null;
    double least = Double.POSITIVE_INFINITY;
    for (int parts = leastParts; parts <= mostParts; parts++) {
      for (int chunks = 1; chunks <= mostChunks; chunks++) {
        WinogradBlocks blocks =
            new WinogradBlocks(
                new Split(tiling.rows(), parts), columns, new Split(sizes.panels(), chunks));
        double cycles = blocks.cycles(sizes, threads);
        if (cycles < least) {
          least = cycles;
          best = blocks;
        }
      }
    }
    return Objects.requireNonNull(best);
  }

  /** An estimate of the time until the last thread has done its chunks. */
  private double cycles(Sizes sizes, int threads) {
    double perByte =
        sizes.filterBytes() <= CACHED_FILTERS ? CYCLES_PER_CACHED_BYTE : CYCLES_PER_BYTE;
    double chunk =
        sizes.productCycles() / count()
            + sizes.inputCycles() * panels.parts() / count()
            + sizes.filterBytes() * perByte / panels.parts()
            + CHUNK_CYCLES;
    int wanted = threads == 1 ? 1 : LEAST_CHUNKS_PER_THREAD * threads;
    // Too few chunks let a thread wait for one that has lost its core.
    double missing = Math.max(0, wanted - count()) * chunk / wanted;
    double largest = threads == 1 ? chunk : chunk * unevenness(rows) * unevenness(panels);
    return Math.ceilDiv(count(), threads) * largest + missing;
  }

  /** How many times as large as the mean the largest parts are. */
  private static double unevenness(Split split) {
    return (double) split.large() * split.parts() / split.size();
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
