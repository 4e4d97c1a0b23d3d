package io.compresso.kernel.jit.x86;

import io.compresso.kernel.jit.CodeCache;
import io.compresso.kernel.jit.CodePadder;
import io.compresso.kernel.jit.CodeTiles;
import io.compresso.kernel.nhwc.Arithmetic;
import io.compresso.kernel.nhwc.RowPadder;
import io.compresso.kernel.nhwc.TileBackend;
import io.compresso.kernel.nhwc.TileKernel;
import io.compresso.kernel.nhwc.TileShape;

/** Tiles of convolutions over NHWC in machine code. */
record X86TileBackend(VectorSet set, Arithmetic arithmetic, boolean depthwise)
    implements TileBackend {
  private static final int MOST_VECTORS = 4;

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

  @Override
  public TileKernel tiles(TileShape shape) {
    TileCode generator = new TileCode(set, shape);
    return new CodeTiles(
        CodeCache.lease(generator, generator::generate), new TileStores(set, shape).table());
  }

  @Override
  public RowPadder padder(RowPadder.Shape shape) {
    PadCode copy = new PadCode(set, shape);
    long row = shape.before() + shape.count() + shape.after();
    PadCode fill =
        new PadCode(set, new RowPadder.Shape(shape.type(), shape.arithmetic(), row, 0, 0, 0));
    return new CodePadder(
        shape.arithmetic(),
        CodeCache.lease(copy, copy::generate),
        CodeCache.lease(fill, fill::generate));
  }
}
