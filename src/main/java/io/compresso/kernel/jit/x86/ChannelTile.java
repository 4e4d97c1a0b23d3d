package io.compresso.kernel.jit.x86;

import io.compresso.kernel.SpatialAxis;
import io.compresso.tensor.DType;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;

/**
 * A tile of one row of a depthwise convolution over NHWC: which columns of the input its pixels
 * read.
 *
 * @param type the input's type
 * @param channels channels of a pixel
 * @param width the axis of the columns
 * @param rows rows of the filter, those of its slices after one another
 * @param pixels pixels of a tile
 */
record ChannelTile(DType type, int channels, SpatialAxis width, int rows, int pixels) {
  private static final int QUAD = 4;

  /** From one column of the input to the next, in bytes. */
  long pixelBytes() {
    return type.bytes(channels);
  }

  /** The column that a tap of a pixel reads, counted from the first one of the tile. */
  int column(int pixel, int tap) {
    return pixel * width.stride() + tap * width.dilation();
  }

  /** All columns of a tile, in order, in fours. */
  List<List<Integer>> quads() {
    TreeSet<Integer> columns = new TreeSet<>();
    for (int pixel = 0; pixel < pixels; pixel++) {
      for (int tap = 0; tap < width.kernel(); tap++) {
        columns.add(column(pixel, tap));
      }
    }
    List<List<Integer>> quads = new ArrayList<>();
    for (int column : columns) {
      if (quads.isEmpty() || quads.getLast().size() == QUAD) {
        quads.add(new ArrayList<>());
      }
      quads.getLast().add(column);
    }
    return quads;
  }

  /** A pixel with a quad of columns of which it reads some. */
  record Slot(int pixel, int quad) {}

  /** The slots of a row of the filter, in the order of their filters. */
  List<Slot> slots() {
    List<List<Integer>> quads = quads();
    List<Slot> slots = new ArrayList<>();
    for (int quad = 0; quad < quads.size(); quad++) {
      for (int pixel = 0; pixel < pixels; pixel++) {
        for (int column : quads.get(quad)) {
          if (tap(pixel, column) >= 0) {
            slots.add(new Slot(pixel, quad));
            break;
          }
        }
      }
    }
    return slots;
  }

  /** The tap of a pixel that reads the column, or -1. */
  int tap(int pixel, int column) {
    int distance = column - pixel * width.stride();
    boolean reads =
        distance >= 0
            && distance % width.dilation() == 0
            && distance / width.dilation() < width.kernel();
    return reads ? distance / width.dilation() : -1;
  }

  /** The column of the input with which a tile's first column coincides. */
  int origin(int tile) {
    return tile * pixels * width.stride() - width.padBegin();
  }

  /** Tiles of a row, the last of which may have fewer pixels. */
  int tiles() {
    return Math.ceilDiv(width.outputSize(), pixels);
  }

  int pixelsOf(int tile) {
    return Math.min(pixels, width.outputSize() - tile * pixels);
  }

  /** Whether the tile is whole and reads no column of the padding. */
  boolean isInner(int tile) {
    int origin = origin(tile);
    return pixelsOf(tile) == pixels
        && origin >= 0
        && origin + column(pixels - 1, width.kernel() - 1) < width.size();
  }

  /** How many tiles are not. */
  int edges() {
    int edges = 0;
    for (int tile = 0; tile < tiles(); tile++) {
      edges += isInner(tile) ? 0 : 1;
    }
    return edges;
  }
}
