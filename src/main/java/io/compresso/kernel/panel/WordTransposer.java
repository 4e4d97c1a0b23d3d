package io.compresso.kernel.panel;

/**
 * Transposes rows of words of 32 bits, and puts each row of the result where it is wanted. Safe for
 * use by many threads.
 */
public interface WordTransposer extends AutoCloseable {
  /** Rows that are transposed at a time, and words that are written side by side. */
  int LANES = 16;

  /** How many rows of the result {@link #adjacent} puts one after the other. */
  int ADJACENT = 1 << 9;

  /**
   * Writes word {@code j} of row {@code i} to word {@code i} of what lies {@code offsets[j]} bytes
   * after the target. Words of rows that are missing are 0. The caller keeps the memory alive.
   *
   * @param rows the address of {@link #LANES} addresses of rows; those after {@code count} are of
   *     any memory that can be read as the first one's
   * @param count how many rows there are, at least 1
   * @param offsets the address of as many integers of 64 bits as rows have words
   * @param words of a row
   */
  void transpose(long rows, int count, long offsets, int words, long target);

  /**
   * The address of offsets with which rows of the result lie one after the other.
   *
   * @return as many offsets as are {@link #ADJACENT}
   */
  static long adjacent() {
    return AdjacentVectors.OFFSETS.address();
  }

  @Override
  void close();
}
