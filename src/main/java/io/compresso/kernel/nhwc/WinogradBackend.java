package io.compresso.kernel.nhwc;

import io.compresso.kernel.Epilogue;
import io.compresso.kernel.ResidualQuantization;
import io.compresso.kernel.nhwc.TileShape.Output;
import io.compresso.kernel.panel.ByteGatherer;
import io.compresso.kernel.panel.WordTransposer;
import io.compresso.tensor.DType;
import org.jspecify.annotations.Nullable;

/**
 * Makes the code of {@link WinogradConv} for one instruction set. Kernels are given addresses of
 * memory that the caller keeps alive.
 */
public interface WinogradBackend {
  /** {@link Arithmetic#FLOATS} or, for bytes, {@link Arithmetic#WORDS}. */
  Arithmetic arithmetic();

  /** Output channels of a vector. */
  int lanes();

  /** Vectors of output channels of a panel. */
  int vectors();

  /** Tiles whose products are summed at a time with panels of so many vectors. */
  int mostTiles(int vectors);

  /** Products of two numbers, a lane, that are summed in a cycle at best. */
  double productsPerCycle();

  /** The same of the direct convolution. */
  double directProductsPerCycle();

  /**
   * What transforms filters; null where there is nothing of the kind.
   *
   * @param outputs of a side of a tile
   */
  default @Nullable FilterKernel filters(int outputs) {
    return null;
  }

  InputKernel input(InputShape shape);

  ProductKernel product(ProductShape shape);

  OutputKernel output(OutputShape shape);

  /**
   * Transforms filters of {@link WordTransposer#LANES} output channels, floats in double precision
   * and rounded once. Safe for use by many threads.
   */
  interface FilterKernel extends AutoCloseable {
    /** What brings filters of floats into the order that is transformed. */
    WordTransposer transposer();

    /** What brings filters of bytes into the order that is transformed; null for floats. */
    @Nullable ByteGatherer gatherer();

    /**
     * Transforms filters.
     *
     * @param filters {@code [input channel][tap][lane]}, or of bytes {@code [pair of input
     *     channels][tap][lane][2]}
     * @param steps of the products, at least 1: as many input channels times the arithmetic's grain
     * @param positionBytes from one value of a transformed filter to the next
     * @param stepBytes from the transformed filters of one step to the next
     * @param largest bits of floats, one a lane, that become those of the largest magnitudes;
     *     nothing of integers
     */
    void run(
        long filters, int steps, long target, long positionBytes, long stepBytes, long largest);

    @Override
    void close();
  }

  /**
   * Tiles of the input of the same borders.
   *
   * @param outputs of a side of a tile, see {@link WinogradTransform#of}
   * @param type of the input
   * @param channels that are transformed; the tile has values for whole vectors of them
   * @param pixelBytes from one pixel to the next
   * @param fromColumn the first column of a tile that is inside of the image
   * @param toColumn the column after the last that is inside
   * @param tileBytes from one transformed tile to the next
   * @param positionBytes from one value of a transformed tile to the next
   */
  record InputShape(
      int outputs,
      DType type,
      int channels,
      long pixelBytes,
      int fromColumn,
      int toColumn,
      long tileBytes,
      long positionBytes) {}

  /** Transforms tiles of the input. Safe for use by many threads. */
  interface InputKernel extends AutoCloseable {
    /**
     * Transforms tiles that lie side by side.
     *
     * @param rows for each row of a tile the distance in bytes from {@code input} to the first
     *     tile's first pixel
     * @param target the first transformed tile {@code [position][tile][channel]}
     * @param zeroPoint what is subtracted of bytes
     */
    void run(long input, long rows, long target, int tiles, int zeroPoint);

    @Override
    void close();
  }

  /**
   * Products of transformed tiles with a panel of transformed filters {@code
   * [position][step][vector][lane]}.
   *
   * @param positions values of a transformed tile
   * @param steps of the sums, of as many input channels each as is the arithmetic's grain
   * @param vectors of output channels
   * @param tiles how the tiles are summed at a time
   * @param inputs bytes from tile to tile and from position to position of the input
   * @param sums the same of the sums
   */
  record ProductShape(
      int positions, int steps, int vectors, Split tiles, Strides inputs, Strides sums) {}

  /** Bytes from one tile, and from one position, to the next. */
  record Strides(long tile, long position) {}

  /** Sums products. Safe for use by many threads. */
  interface ProductKernel extends AutoCloseable {
    /**
     * Sums products over the channels.
     *
     * @param input the transformed tiles
     * @param filters a panel
     * @param sums {@code [position][tile][vector][lane]}
     */
    void run(long input, long filters, long sums);

    @Override
    void close();
  }

  /**
   * Tiles of the output of the same size.
   *
   * @param outputs of a side of a tile
   * @param columns of the tiles that are inside of the image
   * @param vectors of output channels
   * @param tail channels of the last vector, 0 when it is whole
   * @param sums where the sums lie
   * @param output where results lie
   * @param epilogue what happens to the results
   * @param zeroPoint of an 8-bit output
   * @param residual constants of a residual of bytes
   */
  record OutputShape(
      int outputs,
      int columns,
      int vectors,
      int tail,
      Strides sums,
      Output output,
      Epilogue epilogue,
      int zeroPoint,
      ResidualQuantization residual) {}

  /** Transforms sums to results. Safe for use by many threads. */
  interface OutputKernel extends AutoCloseable {
    /** Bytes of {@code doubts}. */
    int DOUBT_BYTES = 64;

    /**
     * Transforms tiles that lie side by side.
     *
     * @param sums the first tile's
     * @param doubts floats, to each of which 0 times some of the results of floats is added, before
     *     the epilogue: they become NaN when a result is not finite
     * @param constants of the panel, see {@link TileShape#CONSTANT_VECTORS}
     * @param result the first tile's first result
     * @param residual the residual of the first result; the result itself where there is none
     * @param rows of the tiles that are inside of the image
     */
    void run(
        long sums, long doubts, long constants, long result, long residual, int tiles, int rows);

    @Override
    void close();
  }
}
