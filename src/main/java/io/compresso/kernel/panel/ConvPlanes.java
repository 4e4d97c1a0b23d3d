package io.compresso.kernel.panel;

import io.compresso.kernel.ConvProblem;
import io.compresso.kernel.SpatialAxis;
import java.util.ArrayList;
import java.util.List;

/**
 * The input of an NCHW convolution, in elements of 32 bits, laid out so that each tap of the window
 * reads, for consecutive outputs, consecutive elements: padded, and with a stride split into one
 * plane for each phase that a tap uses.
 *
 * <p>Outputs are numbered along the planes' rows, so that {@link #columns()} counts some more than
 * there are: those with a position of {@link #rowLength()} or more in their row mean nothing.
 */
public final class ConvPlanes {
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

    /** The first element of a plane that is not padding. */
    int first(int phase) {
      return Math.clamp(Math.ceilDiv(axis.padBegin() - phase, axis.stride()), 0, extent);
    }

    /** The end of the elements of a plane that are not padding. */
    int end(int phase) {
      int last = Math.floorDiv(axis.size() - 1 + axis.padBegin() - phase, axis.stride());
      return Math.clamp(last + 1, first(phase), extent);
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
   * A rectangle of the input of a channel that is a rectangle of its planes; in elements.
   *
   * @param source the first element of the input
   * @param target the first element of the planes
   * @param rows how many rows
   * @param columns how many elements a row
   * @param rowStep from one row of the input to the next
   * @param columnStep from one element of the input's row to the next
   */
  public record Patch(
      long source, long target, int rows, int columns, long rowStep, int columnStep) {}

  /** What the planes have of the input of a channel; everything else is padding. */
  public List<Patch> patches() {
    List<Patch> patches = new ArrayList<>();
    long plane = 0;
    for (int pd : depth.phases) {
      for (int ph : height.phases) {
        for (int pw : width.phases) {
          for (int d = depth.first(pd); d < depth.end(pd); d++) {
            addPatch(patches, plane, d, pd, ph, pw);
          }
          plane += planeSize();
        }
      }
    }
    return patches;
  }

  private void addPatch(List<Patch> patches, long plane, int d, int pd, int ph, int pw) {
    int row = height.first(ph);
    int column = width.first(pw);
    int rows = height.end(ph) - row;
    int columns = width.end(pw) - column;
    if (rows == 0 || columns == 0) {
      return;
    }
    long slice = (long) depth.position(d, pd) * height.axis.size() + height.position(row, ph);
    long source = slice * width.axis.size() + width.position(column, pw);
    long target = plane + ((long) d * height.extent + row) * width.extent + column;
    long rowStep = (long) height.axis.stride() * width.axis.size();
    patches.add(new Patch(source, target, rows, columns, rowStep, width.axis.stride()));
  }

  /** Whether the planes have elements that are padding. */
  public boolean isPadded() {
    long inside = 0;
    for (Patch patch : patches()) {
      inside += (long) patch.rows() * patch.columns();
    }
    return inside < channelStride();
  }

  /** Elements from one row of a plane to the next. */
  public int rowStride() {
    return width.extent;
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
