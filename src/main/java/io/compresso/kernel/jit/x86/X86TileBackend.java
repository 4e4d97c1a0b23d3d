package io.compresso.kernel.jit.x86;

import io.compresso.kernel.jit.CodeCache;
import io.compresso.kernel.jit.CodePadder;
import io.compresso.kernel.jit.CodeTiles;
import io.compresso.kernel.nhwc.Arithmetic;
import io.compresso.kernel.nhwc.RowPadder;
import io.compresso.kernel.nhwc.TileBackend;
import io.compresso.kernel.nhwc.TileCall;
import io.compresso.kernel.nhwc.TileKernel;
import io.compresso.kernel.nhwc.TileShape;
import io.compresso.kernel.panel.ByteGatherer;
import io.compresso.kernel.panel.WordTransposer;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Tiles of convolutions over NHWC in machine code. */
record X86TileBackend(VectorSet set, Arithmetic arithmetic, boolean depthwise)
    implements TileBackend {
  private static final int MOST_VECTORS = 4;
  private static final double NARROW_CYCLES = 0.7;
  private static final double CROWDED_CYCLES = 0.02;
  private static final double LONELY_CYCLES = 0.5;

  @Override
  public int lanes() {
    return set.lanes();
  }

  @Override
  public int mostVectors() {
    return MOST_VECTORS;
  }

  @Override
  public int mostPixels(int vectors) {
    return TileCode.mostPixels(set, arithmetic, vectors);
  }

  /**
   * Bytes take several instructions a sum, of which a large tile has so many in a row that those of
   * the next tile's products are not seen in time.
   */
  @Override
  public double storeCycles(int vectors, int pixels) {
    if (set != VectorSet.AVX512 || !arithmetic.isInteger()) {
      return TileBackend.super.storeCycles(vectors, pixels);
    }
    double sums = (double) vectors * pixels;
    return sums * (NARROW_CYCLES + CROWDED_CYCLES * sums + (vectors == 1 ? LONELY_CYCLES : 0));
  }

  @Override
  public TileKernel tiles(TileShape shape) {
    TileCode generator = new TileCode(set, shape);
    return new CodeTiles(
        CodeCache.lease(generator, generator::generate), new TileStores(set, shape).table());
  }

  @Override
  public Runnable sequence(List<TileCall> calls) {
    List<CallSequence.Call> all = new ArrayList<>();
    for (TileCall call : calls) {
      CodeTiles tiles = (CodeTiles) call.tiles();
      all.add(new CallSequence.Call(tiles.code().entry(), tiles.parameters(call)));
    }
    return new CallSequence(all);
  }

  @Override
  public RowPadder padder(RowPadder.Shape shape) {
    PadCode copy = new PadCode(set, shape);
    PadCode fill = new PadCode(set, shape.ofPadding());
    return new CodePadder(
        shape.arithmetic(),
        CodeCache.lease(copy, copy::generate),
        CodeCache.lease(fill, fill::generate));
  }

  @Override
  public @Nullable WordTransposer transposer() {
    return switch (arithmetic) {
      case FLOATS -> X86WordTransposer.of(set);
      case WIDENED_HALVES -> X86WordTransposer.ofHalves(set);
      default -> null;
    };
  }

  @Override
  public @Nullable ByteGatherer gatherer() {
    return arithmetic == Arithmetic.BYTES ? X86ByteGatherer.of(set, ByteGatherer.Form.QUADS) : null;
  }
}
