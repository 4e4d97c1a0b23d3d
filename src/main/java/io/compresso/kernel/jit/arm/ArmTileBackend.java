package io.compresso.kernel.jit.arm;

import io.compresso.kernel.jit.CodeCache;
import io.compresso.kernel.jit.CodePadder;
import io.compresso.kernel.jit.CodeTiles;
import io.compresso.kernel.nhwc.Arithmetic;
import io.compresso.kernel.nhwc.RowPadder;
import io.compresso.kernel.nhwc.TileBackend;
import io.compresso.kernel.nhwc.TileKernel;
import io.compresso.kernel.nhwc.TileShape;

/** Tiles of products in NEON code. */
record ArmTileBackend(TileProducts products) implements TileBackend {
  private static final int LANES = 4;
  private static final int MOST_VECTORS = 4;

  @Override
  public Arithmetic arithmetic() {
    return products.arithmetic();
  }

  @Override
  public boolean depthwise() {
    return products.isDepthwise();
  }

  @Override
  public int lanes() {
    return LANES;
  }

  @Override
  public int mostVectors() {
    return MOST_VECTORS;
  }

  @Override
  public int mostPixels(int vectors) {
    return products.mostPixels(vectors);
  }

  @Override
  public TileKernel tiles(TileShape shape) {
    TileCode generator = new TileCode(products, shape);
    return new CodeTiles(CodeCache.lease(generator, generator::generate), TileStores.table(shape));
  }

  @Override
  public RowPadder padder(RowPadder.Shape shape) {
    PadCode copy = new PadCode(shape);
    PadCode fill = new PadCode(shape.ofPadding());
    return new CodePadder(
        arithmetic(), CodeCache.lease(copy, copy::generate), CodeCache.lease(fill, fill::generate));
  }
}
