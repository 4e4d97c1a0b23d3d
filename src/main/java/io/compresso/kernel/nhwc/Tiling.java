package io.compresso.kernel.nhwc;

/**
 * Tiles of output pixels and panels of output channels.
 *
 * @param rows rows of the output image, in rows of tiles
 * @param columns columns of the output image, in tiles
 * @param vectors vectors of channels of a panel
 * @param lanes channels of a vector
 * @param channels output channels of a group
 */
record Tiling(Split rows, Split columns, int vectors, int lanes, int channels) {
  private static final double PRODUCTS_PER_CYCLE = 2;
  private static final double LOADS_PER_CYCLE = 2;
  private static final double LATENCY = 4.5;
  private static final double FILTER_VECTORS_PER_CYCLE = 0.4;

  /** What a load costs although products hide it. */
  private static final double LOAD_CYCLES = 0.05;

  /** As how many loads a vector of filters counts, which is also fetched ahead. */
  private static final int NEAR_LOADS = 2;

  private static final int FAR_LOADS = 5;

  private static final int NEAR_CACHE = 20 << 10;

  /** Steps of a sum, and the code that does them. */
  private record Work(long steps, TileBackend backend) {}

  /** The tiling that an estimate of the cycles prefers. */
  static Tiling choose(Geometry geometry, TileBackend backend, long steps) {
    int height = geometry.height().outputSize();
    int width = geometry.width().outputSize();
    int lanes = backend.lanes();
    int channels = geometry.channels().outPerGroup();
    Tiling best = null;
    double least = Double.POSITIVE_INFINITY;
    int mostVectors = Math.min(backend.mostVectors(), Math.ceilDiv(channels, lanes));
    for (int vectors = 1; vectors <= mostVectors; vectors++) {
      int pixels = backend.mostPixels(vectors);
      for (int columns = 1; columns <= Math.min(width, pixels); columns++) {
        Split x = Split.ofAtMost(width, columns);
        if (x.large() != columns) {
          continue;
        }
        int mostRows = backend.inLines() && columns > 1 ? 1 : Math.min(height, pixels / columns);
        for (int rows = mostRows; rows >= 1; rows--) {
          Split y = Split.ofAtMost(height, rows);
          if (y.large() != rows) {
            continue;
          }
          Tiling tiling = new Tiling(y, x, vectors, lanes, channels);
          double cycles = tiling.cycles(new Work(steps, backend));
          if (cycles < least) {
            least = cycles;
            best = tiling;
          }
        }
      }
    }
    if (best == null) {
      throw new IllegalArgumentException("nothing to tile in " + geometry);
    }
    return best;
  }

  private double cycles(Work work) {
    double cycles = fullPanels() * cycles(work, vectors);
    return restVectors() == 0 ? cycles : cycles + cycles(work, restVectors());
  }

  private double cycles(Work work, int panelVectors) {
    double cycles = 0;
    for (boolean largeRow : new boolean[] {true, false}) {
      int height = largeRow ? rows.large() : rows.small();
      int tileRows = largeRow ? rows.largeCount() : rows.smallCount();
      cycles +=
          (double) tileRows
              * (columns.largeCount() * tile(height * columns.large(), work, panelVectors)
                  + columns.smallCount() * tile(height * columns.small(), work, panelVectors));
    }
    return cycles;
  }

  private static double tile(int pixels, Work work, int panelVectors) {
    TileBackend backend = work.backend();
    double products = pixels * panelVectors / PRODUCTS_PER_CYCLE;
    int values = backend.depthwise() ? pixels * panelVectors : pixels;
    double loads = (values + panelVectors) / LOADS_PER_CYCLE;
    int vectorBytes = backend.arithmetic().filterBytes() * backend.lanes();
    boolean near = vectorBytes * panelVectors * work.steps() <= NEAR_CACHE;
    double filters = near ? 0 : panelVectors / FILTER_VECTORS_PER_CYCLE;
    double step = Math.max(Math.max(products, loads), Math.max(filters, LATENCY));
    step += LOAD_CYCLES * (values + (near ? NEAR_LOADS : FAR_LOADS) * panelVectors);
    return work.steps() * step + backend.storeCycles(panelVectors, pixels);
  }

  /** Panels of {@link #vectors} whole vectors. */
  int fullPanels() {
    return channels / (vectors * lanes);
  }

  /** Channels of the last panel, if it is not a full one. */
  int restChannels() {
    return channels % (vectors * lanes);
  }

  int restVectors() {
    return Math.ceilDiv(restChannels(), lanes);
  }

  int panels() {
    return fullPanels() + (restChannels() > 0 ? 1 : 0);
  }

  int vectorsOf(int panel) {
    return panel < fullPanels() ? vectors : restVectors();
  }
}
