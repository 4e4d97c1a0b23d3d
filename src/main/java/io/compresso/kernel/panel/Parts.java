package io.compresso.kernel.panel;

/**
 * Into how many parts the rows and the columns of a product are cut, so that threads can take one
 * after the other.
 *
 * <p>Each part of the columns reads all of the left operand, each part of the rows all of the right
 * one. The cut is the one that reads least, among those with enough parts to share and to balance.
 *
 * @param rows parts of the rows
 * @param columns parts of the columns
 */
public record Parts(int rows, int columns) {
  private static final int PER_THREAD = 6;
  private static final int LEAST_PER_THREAD = 2;
  private static final int BALANCING = 4;

  /** What a thread that waits for the others for the whole time is worth, in readings of both. */
  private static final int IDLE_COST = 8;

  /**
   * What the choice depends on.
   *
   * @param rows how many parts of the rows there can be
   * @param columns how many parts of the columns there can be
   * @param leftBytes bytes of the left operand
   * @param rightBytes bytes of the right operand
   * @param worthwhile how many parts are large enough to be worth a hand-over
   */
  public record Sizes(int rows, int columns, long leftBytes, long rightBytes, long worthwhile) {}

  /** The parts for so many threads. */
  public static Parts choose(Sizes sizes, int threads) {
    if (threads == 1 || sizes.worthwhile <= 1) {
      return new Parts(1, 1);
    }
    int wanted = (int) Math.min(sizes.worthwhile, (long) PER_THREAD * threads);
    int least = Math.min(wanted, LEAST_PER_THREAD * threads);
    long both = sizes.leftBytes + sizes.rightBytes;
    long cost = Long.MAX_VALUE;
    Parts best = new Parts(1, 1);
    for (int columns = 1; columns <= Math.min(wanted, sizes.columns); columns++) {
      for (int rows = 1; rows <= Math.min(wanted, sizes.rows); rows++) {
        long count = (long) rows * columns;
        // Too few leave threads without work, some more balance it.
        long missing = Math.max(0, least - count) + Math.max(0, wanted - count) / BALANCING;
        long idle = Math.ceilDiv(count, threads) * threads - count;
        long total =
            rows * sizes.rightBytes
                + columns * sizes.leftBytes
                + missing * both
                + idle * IDLE_COST * both / count;
        if (total < cost) {
          cost = total;
          best = new Parts(rows, columns);
        }
      }
    }
    return best;
  }
}
