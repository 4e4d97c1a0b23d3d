package io.compresso.kernel.jit.x86;

import io.compresso.kernel.jit.CodeCache;
import io.compresso.kernel.jit.CodeTiles;
import io.compresso.kernel.nhwc.Arithmetic;
import io.compresso.kernel.nhwc.RowPadder;
import io.compresso.kernel.nhwc.TileBackend;
import io.compresso.kernel.nhwc.TileKernel;
import io.compresso.kernel.nhwc.TileShape;
import io.compresso.kernel.panel.ByteGatherer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Tiles of convolutions over NHWC in the tiles of AMX.
 *
 * @param assembler makes the assembler
 */
record AmxTileBackend(Supplier<Assembler> assembler) implements TileBackend {
  private static final X86TileBackend VECTORS =
      new X86TileBackend(VectorSet.AVX512, Arithmetic.UNITS_OF_BYTES, false);

  @Override
  public Arithmetic arithmetic() {
    return Arithmetic.UNITS_OF_BYTES;
  }

  @Override
  public boolean depthwise() {
    return false;
  }

  @Override
  public boolean inLines() {
    return true;
  }

  @Override
  public int lanes() {
    return VectorSet.AVX512.lanes();
  }

  @Override
  public int mostVectors() {
    return AmxTileCode.MOST_VECTORS;
  }

  @Override
  public int mostPixels(int vectors) {
    return AmxTileCode.MOST_PIXELS;
  }

  @Override
  public TileKernel tiles(TileShape shape) {
    AmxTileCode generator = new AmxTileCode(shape, assembler);
    return new CodeTiles(
        CodeCache.lease(generator, generator::generate),
        new TileStores(VectorSet.AVX512, shape).table());
  }

  @Override
  public RowPadder padder(RowPadder.Shape shape) {
    return VECTORS.padder(shape);
  }

  @Override
  public @Nullable ByteGatherer gatherer() {
    return X86ByteGatherer.of(VectorSet.AVX512, ByteGatherer.Form.QUADS);
  }
}
