package io.compresso.kernel.panel;

/**
 * Into how many parts the rows and the columns of a product are cut, so that threads can take one
 * after the other.
 *
 * <p>Each part of the columns reads all of the left operand, each part of the rows all of the right
 * one. The cut is the one that takes least for reading and for waiting, among those with enough
 * parts to share and to balance.
 *
 * @param rows parts of the rows
 * @param columns parts of the columns
 */
public record Parts(int rows, int columns) {
  private static final int PER_THREAD = 5;
  private static final int LEAST_PER_THREAD = 2;
  private static final int BALANCING = 4;

  /**
   * What the choice depends on.
   *
   * @param rows how many parts of the rows there can be
   * @param columns how many parts of the columns there can be
   * @param leftBytes bytes of the left operand
   * @param rightBytes bytes of the right operand
   * @param productBytes bytes that a core reads in the time that it takes for all products
   * @param aloneBytes bytes that one thread moves before the others can begin, when there are
   *     several parts of the columns
   * @param worthwhile how many parts are large enough to be worth a hand-over
   */
  public record Sizes(
      int rows,
      int columns,
      long leftBytes,
      long rightBytes,
      long productBytes,
      long aloneBytes,
      long worthwhile) {
    /** What threads wait for the last one, as a part of all work. */
    private double idle(int rowParts, int columnParts, int threads) {
      long rowsOfPart = Math.ceilDiv(rows, rowParts);
      long columnsOfPart = Math.ceilDiv(columns, columnParts);
      double rounds = Math.ceilDiv(rowParts * columnParts, threads);
      return rounds * threads * rowsOfPart * columnsOfPart / ((double) rows * columns) - 1;
    }
  }

  /** The parts for so many threads. */
  public static Parts choose(Sizes sizes, int threads) {
    if (threads == 1 || sizes.worthwhile <= 1) {
      return new Parts(1, 1);
    }
    int wanted = (int) Math.min(sizes.worthwhile, (long) PER_THREAD * threads);
    int least = Math.min(wanted, LEAST_PER_THREAD * threads);
    long both = sizes.leftBytes + sizes.rightBytes;
    double cost = Double.POSITIVE_INFINITY;
    Parts best = new Parts(1, 1);
    for (int columns = 1; columns <= Math.min(wanted, sizes.columns); columns++) {
      for (int rows = 1; rows <= Math.min(wanted, sizes.rows); rows++) {
        if (!isCut(sizes.rows, rows) || !isCut(sizes.columns, columns)) {
          continue;
        }
        long count = (long) rows * columns;
        // Too few leave threads without work, some more balance it.
        long missing = Math.max(0, least - count) + Math.max(0, wanted - count) / BALANCING;
        double total =
            rows * sizes.rightBytes
                + columns * sizes.leftBytes
                + missing * both
                + (columns > 1 ? (threads - 1) * sizes.aloneBytes : 0)
                + sizes.idle(rows, columns, threads) * sizes.productBytes;
        if (total < cost) {
          cost = total;
          best = new Parts(rows, columns);
        }
      }
    }
    return best;
  }

  /** Whether parts of the same size, the last excepted, are so many. */
  private static boolean isCut(int size, int parts) {
    return Math.ceilDiv(size, Math.ceilDiv(size, parts)) == parts;
  }
}
