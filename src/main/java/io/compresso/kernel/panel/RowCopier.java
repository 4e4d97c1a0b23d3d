package io.compresso.kernel.panel;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/** Copies rows of floats. Strides count in elements. Safe for use by many threads. */
public interface RowCopier extends AutoCloseable {
  /** Copies in Java. */
  RowCopier JAVA = RowCopier::copyInJava;

  /** How much is copied. */
  record Size(int rows, int columns) {}

  /**
   * Where elements lie.
   *
   * @param sourceRow from one row of the source to the next
   * @param sourceStep from one element of a row of the source to the next
   * @param targetRow from one row of the target to the next
   */
  record Strides(long sourceRow, int sourceStep, long targetRow) {}

  /** Copies; the segments begin with the first element. */
  void copy(MemorySegment source, MemorySegment target, Size size, Strides strides);

  @Override
  default void close() {}

  private static void copyInJava(
      MemorySegment source, MemorySegment target, Size size, Strides strides) {
    ValueLayout.OfFloat layout =
        ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    for (int row = 0; row < size.rows(); row++) {
      long from = 4 * row * strides.sourceRow();
      long to = 4 * row * strides.targetRow();
      if (strides.sourceStep() == 1) {
        MemorySegment.copy(source, from, target, to, 4L * size.columns());
        continue;
      }
      for (int i = 0; i < size.columns(); i++) {
        float value = source.get(layout, from + 4L * i * strides.sourceStep());
        target.set(layout, to + 4L * i, value);
      }
    }
  }
}
