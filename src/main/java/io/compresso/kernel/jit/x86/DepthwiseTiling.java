package io.compresso.kernel.jit.x86;

import io.compresso.kernel.ConvProblem;
import io.compresso.kernel.SpatialAxis;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Of what tiles a depthwise convolution over NHWC is made.
 *
 * @param quads whether products are of bytes, see {@link ChannelTileCode}
 */
record DepthwiseTiling(ConvProblem problem, boolean quads) {
  private static final int TILE_ROWS = 2;

  /** Filters of more rows or columns are applied to one row of the output at a time. */
  private static final int MOST_SHARED_TAPS = 7;

  private static final int INTERLEAVING_COST = 12;

  /** The channels of a panel whose products are of bytes. */
  private static final int QUAD_CHANNELS = 64;

  /** The axes of depth, height and width. */
  List<SpatialAxis> axes() {
    List<SpatialAxis> axes = new ArrayList<>(problem.axes());
    while (axes.size() < 3) {
      axes.addFirst(SpatialAxis.of(1, 1, 0));
    }
    return axes;
  }

  private int slices() {
    return axes().get(0).kernel();
  }

  private SpatialAxis height() {
    return axes().get(1);
  }

  private SpatialAxis width() {
    return axes().get(2);
  }

  /** The lines of tiles of one row. */
  TapLines oneRow() {
    return TapLines.ofOneRow(height(), slices());
  }

  /** The lines of tiles of as many rows as are good. */
  TapLines lines() {
    boolean shares =
        height().outputSize() >= TILE_ROWS
            && Math.max(height().kernel(), width().kernel()) <= MOST_SHARED_TAPS;
    return shares ? TapLines.of(height(), slices(), TILE_ROWS) : oneRow();
  }

  /**
   * The lines of tiles half of whose rows are in the upper halves of the vectors; null where there
   * are none: they are for a last panel that fills no more than the lower halves.
   */
  @Nullable TapLines halves() {
    int rest = problem.channels().out() % QUAD_CHANNELS;
    if (!quads || rest == 0 || rest > QUAD_CHANNELS / 2) {
      return null;
    }
    for (int rows = lines().outputRows(); rows > 0; rows--) {
      if (height().outputSize() >= 2 * rows) {
        TapLines lines = TapLines.of(height(), slices(), 2 * rows);
        if (ChannelTileCode.holdsLines(lines, true)) {
          return lines;
        }
      }
    }
    return null;
  }

  /** Whether there is code for all tiles. */
  boolean isAccepted() {
    return ChannelTileCode.accepts(tile(oneRow())) && ChannelTileCode.accepts(tile(lines()));
  }

  /** The tiles of the given lines. */
  ChannelTile tile(TapLines lines) {
    return quads ? quadTile() : plainTile(lines);
  }

  private ChannelTile ofPixels(int pixels) {
    return new ChannelTile(
        problem.types().input(),
        problem.channels().in(),
        width(),
        slices() * height().kernel(),
        pixels);
  }

  private ChannelTile plainTile(TapLines lines) {
    int size = width().outputSize();
    int most = ChannelTileCode.mostPixels(lines, Math.min(width().kernel(), MOST_SHARED_TAPS));
    for (int pixels = most; pixels > most / 2; pixels--) {
      if (size % pixels == 0) {
        return ofPixels(pixels);
      }
    }
    return ofPixels(Math.ceilDiv(size, Math.ceilDiv(size, most)));
  }

  private ChannelTile quadTile() {
    TapLines lines = lines();
    ChannelTile best = ofPixels(1);
    double least = Double.POSITIVE_INFINITY;
    int most =
        Math.min(ChannelTileCode.MOST_QUAD_PIXELS / lines.outputRows(), width().outputSize());
    for (int pixels = 1; pixels <= most; pixels++) {
      ChannelTile candidate = ofPixels(pixels);
      int slots = candidate.slots().size() * candidate.rows();
      double cost =
          (INTERLEAVING_COST * candidate.quads().size() * lines.count()
                  + ChannelTileCode.QUAD_VECTORS * slots * (1 + lines.outputRows()))
              / ((double) pixels * lines.outputRows());
      if (cost < least) {
        least = cost;
        best = candidate;
      }
    }
    return best;
  }
}
