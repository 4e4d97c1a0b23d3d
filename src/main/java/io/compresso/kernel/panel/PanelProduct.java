package io.compresso.kernel.panel;

import java.lang.foreign.MemorySegment;

/**
 * {@code c[rows, columns] = clip(a[rows, depth] . b[depth, columns] + bias)} in single precision,
 * of a fixed {@link PanelShape}. Safe for use by many threads.
 */
public interface PanelProduct extends AutoCloseable {
  /** Makes products for a shape. */
  interface Factory {
    /** Columns of a panel. */
    int width();

    PanelProduct create(PanelShape shape);

    /** How rows are copied before and after the products. */
    default RowCopier copier() {
      return RowCopier.JAVA;
    }
  }

  /**
   * Computes one block. The segments begin with the block's first element, row or bias; nothing is
   * read outside of what the sums need (padded panels excepted), nothing written outside of the
   * block.
   *
   * @param bias anything when there is none
   */
  void multiply(
      MemorySegment a, MemorySegment b, MemorySegment c, MemorySegment bias, int rows, int columns);

  /** Frees the code. */
  @Override
  void close();
}
