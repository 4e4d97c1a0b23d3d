package io.compresso.kernel.nhwc;

import io.compresso.kernel.panel.ByteGatherer;
import io.compresso.kernel.panel.WordTransposer;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Makes the code of one instruction set and one arithmetic. */
public interface TileBackend {
  Arithmetic arithmetic();

  /**
   * Whether each output channel has one input channel of its own. Steps then go from column to
   * column of the filter, and a vector of filters is multiplied by a vector of the input.
   */
  boolean depthwise();

  /** Whether tiles must have one row or one column of pixels. */
  default boolean inLines() {
    return false;
  }

  /** Channels of a vector. */
  int lanes();

  /** Vectors of the widest panel. */
  int mostVectors();

  /** Pixels of the largest tile with panels of so many vectors. */
  int mostPixels(int vectors);

  /** About how many cycles a tile takes beside its products. */
  default double storeCycles(int vectors, int pixels) {
    return 4.0 * vectors * pixels + 12;
  }

  TileKernel tiles(TileShape shape);

  /** What makes the calls one after the other, as often as it is run. */
  default Runnable sequence(List<TileCall> calls) {
    TileCall[] all = calls.toArray(TileCall[]::new);
    return () -> {
      for (TileCall call : all) {
        call.run();
      }
    };
  }

  RowPadder padder(RowPadder.Shape shape);

  /**
   * What packs filters of floats, of as many bits as the arithmetic's; null where there is none.
   */
  default @Nullable WordTransposer transposer() {
    return null;
  }

  /** What packs filters of bytes; null where there is nothing of the kind. */
  default @Nullable ByteGatherer gatherer() {
    return null;
  }
}
