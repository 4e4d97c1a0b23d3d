package io.compresso.kernel.panel;

import io.compresso.kernel.ConvProblem;
import io.compresso.kernel.SpatialAxis;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The input of an NCHW convolution, in elements of 32 bits, laid out so that each tap of the window
 * reads, for consecutive outputs, consecutive elements: padded, and with a stride split into one
 * plane for each phase that a tap uses.
 *
 * <p>Outputs are numbered along the planes' rows, so that {@link #columns()} counts some more than
 * there are: those with a position of {@link #rowLength()} or more in their row mean nothing.
 */
public final class ConvPlanes {
  private static final ValueLayout.OfFloat FLOAT =
      ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private static final ValueLayout.OfInt INT =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private final Axis depth;
  private final Axis height;
  private final Axis width;
  private final List<Integer> taps;

  public ConvPlanes(ConvProblem problem) {
    List<SpatialAxis> axes = new ArrayList<>(problem.axes());
    while (axes.size() < 3) {
      axes.addFirst(SpatialAxis.of(1, 1, 0));
    }
    this.depth = Axis.of(axes.get(0));
    this.height = Axis.of(axes.get(1));
    this.width = Axis.of(axes.get(2));
    this.taps = new ArrayList<>();
    long plane = planeSize();
    if (channelStride() > Integer.MAX_VALUE) {
      throw new IllegalArgumentException("convolution input is too large: " + axes);
    }
    for (int d = 0; d < depth.axis.kernel(); d++) {
      for (int h = 0; h < height.axis.kernel(); h++) {
        for (int w = 0; w < width.axis.kernel(); w++) {
          int phase =
              (depth.phaseOf(d) * height.phases.size() + height.phaseOf(h)) * width.phases.size()
                  + width.phaseOf(w);
          long row = (long) depth.shiftOf(d) * height.extent + height.shiftOf(h);
          taps.add((int) (phase * plane + row * width.extent + width.shiftOf(w)));
        }
      }
    }
  }

  /** One axis: how many elements a plane has along it, and which phases there are. */
  private record Axis(SpatialAxis axis, int extent, List<Integer> phases) {
    static Axis of(SpatialAxis axis) {
      List<Integer> phases = new ArrayList<>();
      for (int k = 0; k < axis.kernel(); k++) {
        int phase = (int) ((long) k * axis.dilation() % axis.stride());
        if (!phases.contains(phase)) {
          phases.add(phase);
        }
      }
      long reach = (long) (axis.kernel() - 1) * axis.dilation() / axis.stride();
      return new Axis(axis, Math.toIntExact(axis.outputSize() + reach), phases);
    }

    int phaseOf(int k) {
      return phases.indexOf((int) ((long) k * axis.dilation() % axis.stride()));
    }

    int shiftOf(int k) {
      return (int) ((long) k * axis.dilation() / axis.stride());
    }

    /** The input position of element {@code i} of a plane. */
    int position(int i, int phase) {
      return i * axis.stride() + phase - axis.padBegin();
    }

    boolean isPlain() {
      return extent == axis.size() && axis.stride() == 1 && axis.padBegin() == 0;
    }
  }

  /** Whether the input itself is laid out so. */
  public boolean direct() {
    return depth.isPlain() && height.isPlain() && width.isPlain();
  }

  /**
   * Where the input lies in the planes of a channel when no stride splits it; in elements.
   *
   * @param slices input size along the first axis
   * @param rows input size along the second axis
   * @param columns input size along the third axis
   * @param first the place of the first element
   * @param rowStride from one row to the next
   * @param sliceStride from one slice to the next
   */
  public record Interior(
      int slices, int rows, int columns, long first, long rowStride, long sliceStride) {}

  /** Where the input lies in a plane as it is; nothing when a stride splits it. */
  public Optional<Interior> interior() {
    if (depth.axis.stride() > 1 || height.axis.stride() > 1 || width.axis.stride() > 1) {
      return Optional.empty();
    }
    long slice = (long) height.extent * width.extent;
    long first =
        depth.axis.padBegin() * slice
            + (long) height.axis.padBegin() * width.extent
            + width.axis.padBegin();
    return Optional.of(
        new Interior(
            depth.axis.size(), height.axis.size(), width.axis.size(), first, width.extent, slice));
  }

  private long planeSize() {
    return Math.multiplyExact((long) depth.extent * height.extent, width.extent);
  }

  /** Elements from one channel to the next. */
  public long channelStride() {
    long phases = (long) depth.phases.size() * height.phases.size() * width.phases.size();
    return Math.multiplyExact(phases, planeSize());
  }

  /** Offsets of the window's taps, in the order of the weights. */
  public List<Integer> taps() {
    return taps;
  }

  /** Outputs of one channel along the planes' rows, those without meaning included. */
  public int columns() {
    int d = depth.axis.outputSize();
    int h = height.axis.outputSize();
    int w = width.axis.outputSize();
    return d == 0 || h == 0 || w == 0
        ? 0
        : Math.toIntExact(((long) (d - 1) * height.extent + h - 1) * width.extent + w);
  }

  /** Whether all columns are outputs. */
  public boolean dense() {
    int h = height.axis.outputSize();
    boolean rows = width.extent == width.axis.outputSize() || h * depth.axis.outputSize() == 1;
    return rows && (height.extent == h || depth.axis.outputSize() == 1);
  }

  /** Outputs of one row. */
  public int rowLength() {
    return width.axis.outputSize();
  }

  /** Fills the planes of one channel of floats. */
  public void fill(
      MemorySegment source, long sourceOffset, MemorySegment target, long targetOffset) {
    forEachRow((row, phase, index) -> {
      long at = targetOffset + 4 * index;
      if (row < 0) {
        target.asSlice(at, 4L * width.extent).fill((byte) 0);
      } else {
        fillRow(source, sourceOffset + 4 * row, phase, target, at);
      }
    });
  }

  /**
   * Fills the planes of four channels of bytes, a byte of each to an element.
   *
   * @param channels where they begin; a negative offset stands for a channel of zeroes
   * @param flip what the elements of the input are combined with, exclusive or
   * @param padding the element that stands for the padding
   */
  public void fillQuads(
      MemorySegment source,
      long[] channels,
      int flip,
      int padding,
      MemorySegment target,
      long targetOffset) {
    forEachRow((row, phase, index) -> {
      long at = targetOffset + 4 * index;
      int before = width.axis.padBegin() - phase;
      int first = row < 0 ? width.extent : firstInside(before);
      int end = row < 0 ? width.extent : endInside(before, first);
      for (int i = 0; i < first; i++) {
        target.set(INT, at + 4L * i, padding);
      }
      for (int i = end; i < width.extent; i++) {
        target.set(INT, at + 4L * i, padding);
      }
      int stride = width.axis.stride();
      long from = row + (long) first * stride - before;
      for (int i = first; i < end; i++) {
        target.set(INT, at + 4L * i, quad(source, channels, from) ^ flip);
        from += stride;
      }
    });
  }

  private static int quad(MemorySegment source, long[] channels, long at) {
    int quad = 0;
    for (int c = 0; c < 4; c++) {
      if (channels[c] >= 0) {
        quad |= (source.get(ValueLayout.JAVA_BYTE, channels[c] + at) & 0xFF) << (8 * c);
      }
    }
    return quad;
  }

  private interface RowAction {
    /**
     * @param row the first element of the input's row, negative for a row of padding
     * @param phase the phase along the width
     * @param index the first element of the plane's row
     */
    void accept(long row, int phase, long index);
  }

  private void forEachRow(RowAction action) {
    long index = 0;
    for (int pd : depth.phases) {
      for (int ph : height.phases) {
        for (int pw : width.phases) {
          for (int d = 0; d < depth.extent; d++) {
            for (int h = 0; h < height.extent; h++) {
              int sd = depth.position(d, pd);
              int sh = height.position(h, ph);
              boolean inside = isInside(sd, depth.axis) && isInside(sh, height.axis);
              long row = ((long) sd * height.axis.size() + sh) * width.axis.size();
              action.accept(inside ? row : -1, pw, index);
              index += width.extent;
            }
          }
        }
      }
    }
  }

  /** The first element of a plane's row that is not padding. */
  private int firstInside(int before) {
    return Math.clamp(Math.ceilDiv(before, width.axis.stride()), 0, width.extent);
  }

  /** The end of the elements of a plane's row that are not padding. */
  private int endInside(int before, int first) {
    int end = Math.floorDiv(width.axis.size() - 1 + before, width.axis.stride()) + 1;
    return Math.clamp(end, first, width.extent);
  }

  private void fillRow(MemorySegment source, long row, int phase, MemorySegment target, long at) {
    int stride = width.axis.stride();
    int before = width.axis.padBegin() - phase;
    int first = firstInside(before);
    int end = endInside(before, first);
    target.asSlice(at, 4L * first).fill((byte) 0);
    target.asSlice(at + 4L * end, 4L * (width.extent - end)).fill((byte) 0);
    if (stride == 1) {
      MemorySegment.copy(
          source, row + 4L * (first - before), target, at + 4L * first, 4L * (end - first));
      return;
    }
    long from = row + 4 * ((long) first * stride - before);
    for (int i = first; i < end; i++) {
      target.set(FLOAT, at + 4L * i, source.get(FLOAT, from));
      from += 4L * stride;
    }
  }

  private static boolean isInside(int position, SpatialAxis axis) {
    return position >= 0 && position < axis.size();
  }

  /** What is done with a run of outputs that lie one after the other. */
  @FunctionalInterface
  public interface RunAction {
    /**
     * @param column the first one's column, counted from the range's first
     * @param output the first one's number among the outputs of its channel
     * @param length how many
     */
    void accept(int column, long output, int length);
  }

  /** The outputs among the columns of a range. */
  public void forEachRun(int first, int count, RunAction action) {
    int end = first + count;
    for (int row = first / width.extent; (long) row * width.extent < end; row++) {
      int d = row / height.extent;
      int h = row % height.extent;
      if (h >= height.axis.outputSize()) {
        continue;
      }
      int start = row * width.extent;
      int from = Math.max(first, start);
      int to = Math.min(end, start + rowLength());
      if (from < to) {
        long output = ((long) d * height.axis.outputSize() + h) * rowLength() + (from - start);
        action.accept(from - first, output, to - from);
      }
    }
  }
}
