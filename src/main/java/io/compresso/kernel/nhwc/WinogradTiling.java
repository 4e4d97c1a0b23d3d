package io.compresso.kernel.nhwc;

import io.compresso.kernel.ConvProblem;
import io.compresso.kernel.SpatialAxis;

/**
 * Where the tiles of a convolution lie.
 *
 * @param outputs outputs of a side of a tile
 * @param images the batch
 */
record WinogradTiling(int outputs, int images, SpatialAxis height, SpatialAxis width) {
  static WinogradTiling of(ConvProblem problem, int outputs) {
    return new WinogradTiling(
        outputs, problem.batch(), problem.axes().get(0), problem.axes().get(1));
  }

  /** Rows of tiles of an image. */
  int imageRows() {
    return Math.ceilDiv(height.outputSize(), outputs);
  }

  /** Rows of tiles of all images. */
  int rows() {
    return Math.multiplyExact(images, imageRows());
  }

  /** Tiles of a row. */
  int columns() {
    return Math.ceilDiv(width.outputSize(), outputs);
  }

  long tiles() {
    return (long) rows() * columns();
  }

  /** The first column of a tile of the input that is inside of the image. */
  int fromColumn(int tile) {
    return Math.clamp(-firstColumn(tile), 0, size());
  }

  /** The column after the last of a tile of the input that is inside of the image. */
  int toColumn(int tile) {
    return Math.clamp(width.size() - firstColumn(tile), fromColumn(tile), size());
  }

  /** The column of the image where a tile of the input begins. */
  long firstColumn(int tile) {
    return (long) tile * outputs - width.padBegin();
  }

  private int size() {
    return outputs + WinogradTransform.TAPS - 1;
  }
}
