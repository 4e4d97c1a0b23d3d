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
   * @param count elements of a row of the source that are copied
   * @param after padding after a row
   * @param sourceRow from one row of the source to the next
   */
  record Shape(
      DType type, Arithmetic arithmetic, long before, long count, long after, long sourceRow) {
    /** Bytes of a row of the target. */
    public long targetRowBytes() {
      return (before + count + after) * arithmetic.elementBytes();
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
