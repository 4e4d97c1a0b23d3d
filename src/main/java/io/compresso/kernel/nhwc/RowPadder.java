package io.compresso.kernel.nhwc;

import io.compresso.tensor.DType;
import java.lang.foreign.MemorySegment;

/**
 * Copies rows of an image between padding, as the elements that tiles read. May write up to {@link
 * #SLACK} bytes after the last row. Safe for use by many threads.
 */
public interface RowPadder extends AutoCloseable {
  /** Bytes after the last row that may be written. */
  int SLACK = 128;

  /**
   * What is copied; counts in elements.
   *
   * @param type the type of the source, moved as {@link Arithmetic#move} says
   * @param arithmetic says the elements of the target
   * @param before padding before a row
   * @param runs what is copied of a row of the source
   * @param after padding after a row
   * @param sourceRow from one row of the source to the next
   */
  record Shape(
      DType type, Arithmetic arithmetic, long before, Runs runs, long after, long sourceRow) {
    /** Bytes of a row of the target. */
    public long targetRowBytes() {
      return targetRow() * arithmetic.elementBytes();
    }

    private long targetRow() {
      return before + runs.count * runs.length + after;
    }

    /** The same rows, all of padding. */
    public Shape ofPadding() {
      return new Shape(type, arithmetic, targetRow(), Runs.one(0), 0, 0);
    }
  }

  /**
   * Elements of a row of the source, which follow one another in the target.
   *
   * @param count how many runs of consecutive elements
   * @param length elements of a run
   * @param distance from one run of the source to the next
   */
  record Runs(long count, long length, long distance) {
    /** So many consecutive elements. */
    public static Runs one(long length) {
      return new Runs(1, length, length);
    }
  }

  /**
   * Copies rows. The caller keeps the memory alive for the length of the call.
   *
   * @param sourceAt where the first row begins, in bytes
   * @param targetAt where its copy begins, in bytes
   * @param padding the padding's element
   */
  void copy(
      MemorySegment source,
      long sourceAt,
      MemorySegment target,
      long targetAt,
      int rows,
      int padding);

  /** Writes rows of padding from {@code targetAt} on. */
  void fill(MemorySegment target, long targetAt, int rows, int padding);

  @Override
  void close();
}
