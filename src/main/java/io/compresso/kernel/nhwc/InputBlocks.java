package io.compresso.kernel.nhwc;

import io.compresso.kernel.SpatialAxis;
import io.compresso.kernel.nhwc.Window.Loop;
import io.compresso.tensor.DType;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/**
 * The input of some rows of the output: in place where there is neither padding nor conversion, or
 * else a padded copy, of the rows that are needed or, shared by all chunks of a run, of everything.
 */
final class InputBlocks implements AutoCloseable {
  private static final int OVERREAD = 256;

  private static final long LINE = 64;

  /** Bytes of a copy that are worth another thread. */
  private static final long LEAST_PART = 1 << 16;

  /**
   * Rows of a copy that lie a multiple of this apart compete for the same few places of the nearest
   * cache, so that they are moved apart by a line.
   */
  private static final long CACHE_WAY = 4096;

  /** Pixels that the nearest cache holds while one plane after the other takes its part of them. */
  private static final int NEAR_PIXELS = 48;

  private final Geometry geometry;
  private final DType type;
  private final Arithmetic arithmetic;
  private final boolean direct;
  private final boolean shared;

  /** Groups that have a plane each in the copy. */
  private final int planes;

  private final int mostRows;
  private final long pixelBytes;
  private final long rowBytes;
  private final long sliceBytes;
  private final RowPadder padder;
  private final Window window;

  /**
   * @param mostOutputRows the most rows of the output that are computed from one block
   * @param reread whether several chunks read the same input
   */
  InputBlocks(
      Geometry geometry, DType type, TileBackend backend, int mostOutputRows, boolean reread) {
    this.geometry = geometry;
    this.type = type;
    this.arithmetic = backend.arithmetic();
    this.direct = isDirect(geometry, type, backend);
    this.planes = direct ? 1 : planes(geometry);
    this.shared = reread && !direct && planes == 1 && geometry.depth().span() == 1;
    int channels = geometry.channels().in() / planes;
    this.pixelBytes = (long) channels * arithmetic.elementBytes();
    SpatialAxis width = geometry.width();
    long pixels = direct ? width.size() : inputs(width, width.outputSize());
    long skew = !direct && pixels * pixelBytes % CACHE_WAY == 0 ? LINE : 0;
    this.rowBytes = pixels * pixelBytes + skew;
    this.mostRows =
        direct
            ? geometry.height().size()
            : Math.toIntExact(
                inputs(
                    geometry.height(), shared ? geometry.height().outputSize() : mostOutputRows));
    this.sliceBytes = planes * planeBytes() + (shared ? RowPadder.SLACK : 0);
    long before = Math.min(width.padBegin(), pixels);
    long count = Math.min(width.size(), pixels - before);
    this.padder =
        backend.padder(
            new RowPadder.Shape(
                type,
                arithmetic,
                before * channels,
                planes == 1
                    ? RowPadder.Runs.one(count * channels)
                    : new RowPadder.Runs(count, channels, geometry.channels().in()),
                (pixels - before - count) * channels + skew / arithmetic.elementBytes(),
                (long) width.size() * geometry.channels().in()));
    this.window = makeWindow();
  }

  static boolean isDirect(Geometry geometry, DType type, TileBackend backend) {
    Arithmetic arithmetic = backend.arithmetic();
    boolean same =
        switch (arithmetic) {
          case FLOATS, WIDENED_HALVES -> type == DType.FLOAT;
          case BFLOATS -> type == DType.BFLOAT16;
          case BYTES, WIDENED_BYTES, UNITS_OF_BYTES -> type == DType.UINT8;
          case SIGNED_BYTES -> type == DType.INT8;
          case WORDS -> false;
        };
    int grain = backend.depthwise() ? backend.lanes() : arithmetic.grain() * arithmetic.unit();
    int run = backend.depthwise() ? geometry.channels().in() : geometry.runLength();
    return same && !geometry.isPadded() && run % grain == 0 && planes(geometry) == 1;
  }

  /**
   * In how many planes a copy holds the channels. The pixels of a group lie so far apart in the
   * input that those of a window compete for the same few places of a cache.
   */
  static int planes(Geometry geometry) {
    return geometry.depthwise() || geometry.runs() == 1 ? 1 : geometry.channels().groups();
  }

  /** Inputs along an axis that so many outputs depend on. */
  static long inputs(SpatialAxis axis, int outputs) {
    return (outputs - 1L) * axis.stride() + axis.span();
  }

  /** Bytes of the padded inputs of a slice that so many rows of the output depend on. */
  static long inputBytes(Geometry geometry, Arithmetic arithmetic, int outputRows) {
    return geometry.depth().kernel()
        * inputs(geometry.height(), outputRows)
        * inputs(geometry.width(), geometry.width().outputSize())
        * geometry.channels().in()
        * arithmetic.elementBytes();
  }

  Window window() {
    return window;
  }

  private Window makeWindow() {
    List<Loop> loops = new ArrayList<>();
    long slice = direct ? geometry.depth().dilation() * sliceBytes : sliceBytes;
    add(loops, geometry.depth().kernel(), slice);
    add(loops, geometry.height().kernel(), geometry.height().dilation() * rowBytes);
    if (!geometry.hasWholeRows()) {
      add(loops, geometry.width().kernel(), geometry.width().dilation() * pixelBytes);
    }
    return new Window(
        geometry.width().stride() * pixelBytes,
        geometry.height().stride() * rowBytes,
        loops,
        geometry.steps(arithmetic),
        geometry.depthwise()
            ? geometry.width().dilation() * pixelBytes
            : (long) arithmetic.grain() * arithmetic.elementBytes());
  }

  private static void add(List<Loop> loops, int count, long bytes) {
    if (count > 1) {
      loops.add(new Loop(count, bytes));
    }
  }

  /** Where the inputs of an output channel of a group begin. */
  long channelBytes(int group, int channel) {
    if (planes > 1) {
      return group * planeBytes();
    }
    long first = (long) group * geometry.channels().inPerGroup();
    return (geometry.depthwise() ? channel : first) * arithmetic.elementBytes();
  }

  private long planeBytes() {
    return mostRows * rowBytes + (planes > 1 ? RowPadder.SLACK : 0);
  }

  boolean isDirect() {
    return direct;
  }

  /** Whether everything is copied before the first block is computed. */
  boolean isShared() {
    return shared;
  }

  /** Bytes of a copy: for {@link #copyAll} or else for {@link #copy}. */
  long copyBytes() {
    if (direct) {
      return 0;
    }
    long slices = shared ? slices() : geometry.depth().kernel();
    return slices * sliceBytes + RowPadder.SLACK + OVERREAD;
  }

  /** Slices of the output: of all images. */
  private int slices() {
    return geometry.images() * geometry.depth().outputSize();
  }

  /** Where the windows of a row of the output begin, in the input itself or the shared copy. */
  long offset(int image, int outputSlice, int firstRow) {
    SpatialAxis height = geometry.height();
    if (shared) {
      long slice = (long) image * geometry.depth().outputSize() + outputSlice;
      return slice * sliceBytes + (long) firstRow * height.stride() * rowBytes;
    }
    SpatialAxis depth = geometry.depth();
    long slice = (long) image * depth.size() + outputSlice * depth.stride() - depth.padBegin();
    return slice * sliceBytes + ((long) firstRow * height.stride() - height.padBegin()) * rowBytes;
  }

  /**
   * How many parts {@link #copyPart} is to be called for: slices, as each may write its slack, and
   * parts of slices where rows have none.
   */
  int copyParts() {
    return slices() * partsOfSlice();
  }

  private int partsOfSlice() {
    boolean hasSlack = pixelBytes % LINE != 0;
    return hasSlack ? 1 : (int) Math.clamp(mostRows * rowBytes / LEAST_PART, 1, mostRows);
  }

  /** Copies a part of the input to the shared copy. */
  void copyPart(MemorySegment input, MemorySegment target, int part, int padding) {
    int parts = partsOfSlice();
    int slice = part / parts;
    int first = (int) ((long) mostRows * (part % parts) / parts);
    int rows = (int) ((long) mostRows * (part % parts + 1) / parts) - first;
    int row = first - geometry.height().padBegin();
    long at = slice * sliceBytes + first * rowBytes;
    copyRows(input, inputSlice(slice, 0), row, rows, target, at, 0, 1, padding);
  }

  /** The slice of the input that a tap meets, or -1 if that is outside. */
  private int inputSlice(int outputSlice, int tap) {
    SpatialAxis depth = geometry.depth();
    int image = outputSlice / depth.outputSize();
    int z =
        outputSlice % depth.outputSize() * depth.stride()
            - depth.padBegin()
            + tap * depth.dilation();
    return z < 0 || z >= depth.size() ? -1 : image * depth.size() + z;
  }

  /**
   * Copies the windows of some rows of the output, the first one to the beginning, for some groups:
   * where they have no planes of their own, for all.
   *
   * @param target memory of {@link #copyBytes}
   * @param slice of the output, of all images
   */
  void copy(
      MemorySegment input,
      MemorySegment target,
      int slice,
      int firstRow,
      int rows,
      int firstGroup,
      int endGroup,
      int padding) {
    SpatialAxis height = geometry.height();
    int row = firstRow * height.stride() - height.padBegin();
    int needed = Math.toIntExact(inputs(height, rows));
    int first = planes == 1 ? 0 : firstGroup;
    int end = planes == 1 ? 1 : endGroup;
    for (int k = 0; k < geometry.depth().kernel(); k++) {
      long at = k * sliceBytes;
      copyRows(input, inputSlice(slice, k), row, needed, target, at, first, end, padding);
    }
  }

  /** Copies rows of a slice to some planes; those outside of the input are padding. */
  private void copyRows(
      MemorySegment input,
      int inputSlice,
      int row,
      int rows,
      MemorySegment target,
      long at,
      int firstPlane,
      int endPlane,
      int padding) {
    SpatialAxis height = geometry.height();
    int above = Math.clamp(-(long) row, 0, rows);
    int below = Math.clamp((long) row + rows - height.size(), 0, rows - above);
    int inside = rows - above - below;
    boolean outside = inputSlice < 0 || inside == 0;
    int before = outside ? rows : above;
    for (int plane = firstPlane; before > 0 && plane < endPlane; plane++) {
      padder.fill(target, at + plane * planeBytes(), before, padding);
    }
    if (outside) {
      return;
    }
    long pixel = (long) geometry.channels().in() * type.bits() / 8;
    long inputRow = geometry.width().size() * pixel;
    long first = (long) inputSlice * height.size() + row + above;
    int most =
        planes == 1 ? inside : Math.max(1, NEAR_PIXELS / Math.max(1, geometry.width().size()));
    for (int done = 0; done < inside; done += most) {
      int count = Math.min(most, inside - done);
      for (int plane = firstPlane; plane < endPlane; plane++) {
        long from = (first + done) * inputRow + plane * (pixel / planes);
        long to = at + plane * planeBytes() + (above + done) * rowBytes;
        padder.copy(input, from, target, to, count, padding);
      }
    }
    for (int plane = firstPlane; below > 0 && plane < endPlane; plane++) {
      padder.fill(target, at + plane * planeBytes() + (above + inside) * rowBytes, below, padding);
    }
  }

  @Override
  public void close() {
    padder.close();
  }
}
