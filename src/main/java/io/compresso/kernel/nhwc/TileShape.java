package io.compresso.kernel.nhwc;

import io.compresso.kernel.Epilogue;
import io.compresso.kernel.ResidualQuantization;
import io.compresso.tensor.DType;

/**
 * What a row of tiles is, with all that depends on the problem but not on its data.
 *
 * @param arithmetic how products are computed
 * @param window where inputs lie
 * @param parts how many filters add up to one, each in a vector of its own
 * @param rows rows of pixels of a tile
 * @param columns tiles of a row
 * @param vectors vectors of channels of a panel
 * @param tail channels of a panel's last vector, 0 when it is whole
 * @param depthwise whether inputs are vectors of channels
 * @param output where results lie
 * @param epilogue what happens to the sums
 * @param zeroPoint of an 8-bit output
 * @param residual constants of a residual of bytes
 */
public record TileShape(
    Arithmetic arithmetic,
    Window window,
    int parts,
    int rows,
    Split columns,
    int vectors,
    int tail,
    boolean depthwise,
    Output output,
    Epilogue epilogue,
    int zeroPoint,
    ResidualQuantization residual) {
  /**
   * Where results lie, and those of a residual.
   *
   * @param type the output's type
   * @param pixelBytes from one pixel to the next
   * @param rowBytes from one row to the next
   * @param bounded whether scaled sums are known to be within 32 bits
   */
  public record Output(DType type, long pixelBytes, long rowBytes, boolean bounded) {
    public int elementBytes() {
      return type.bits() / 8;
    }
  }

  /** The same with tiles of so many rows of pixels. */
  public TileShape withRows(int newRows) {
    return new TileShape(
        arithmetic,
        window,
        parts,
        newRows,
        columns,
        vectors,
        tail,
        depthwise,
        output,
        epilogue,
        zeroPoint,
        residual);
  }

  /** Vectors of constants for each vector of channels: start of the sums, scale, float bias. */
  public static final int CONSTANT_VECTORS = 3;
}
