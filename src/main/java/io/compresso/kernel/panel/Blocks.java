package io.compresso.kernel.panel;

/**
 * A grid of blocks that covers rows and columns, for {@link io.compresso.kernel.Workers}.
 *
 * @param rows rows in all
 * @param columns columns in all
 * @param rowsPerBlock rows of a block, the last one excepted
 * @param columnsPerBlock columns of a block, the last one excepted
 */
public record Blocks(int rows, int columns, int rowsPerBlock, int columnsPerBlock) {
  static final long LEAST_MACS = 1 << 17;
  private static final int BLOCKS_PER_THREAD = 6;

  /**
   * Blocks that are large enough to be worth a hand-over and enough to keep all threads busy.
   *
   * @param rowGrain what the rows of a block are a multiple of
   * @param columnGrain what the columns of a block are a multiple of
   */
  public static Blocks of(
      int rows, int columns, long depth, int rowGrain, int columnGrain, int threads) {
    long macs = (long) rows * columns * Math.max(depth, 1);
    long wanted = Math.min(macs / LEAST_MACS, (long) BLOCKS_PER_THREAD * threads);
    if (threads == 1 || wanted <= 1) {
      return new Blocks(rows, columns, rows, columns);
    }
    int columnTiles = Math.ceilDiv(columns, columnGrain);
    int columnBlocks = (int) Math.min(wanted, columnTiles);
    int columnsPerBlock = Math.ceilDiv(columnTiles, columnBlocks) * columnGrain;
    int rowBlocks = (int) Math.ceilDiv(wanted, columnBlocks);
    int rowsPerBlock = Math.ceilDiv(Math.ceilDiv(rows, rowGrain), rowBlocks) * rowGrain;
    return new Blocks(
        rows, columns, Math.min(rows, rowsPerBlock), Math.min(columns, columnsPerBlock));
  }

  /** The same grid with narrower blocks. */
  public Blocks withColumnsAtMost(int most) {
    return new Blocks(rows, columns, rowsPerBlock, Math.min(columnsPerBlock, most));
  }

  /** The same grid with lower blocks. */
  public Blocks withRowsAtMost(int most) {
    return new Blocks(rows, columns, Math.min(rowsPerBlock, most), columnsPerBlock);
  }

  /** Blocks in all; 0 when there are no rows or columns. */
  public int count() {
    return rows == 0 || columns == 0 ? 0 : columnBlocks() * Math.ceilDiv(rows, rowsPerBlock);
  }

  private int columnBlocks() {
    return Math.ceilDiv(columns, columnsPerBlock);
  }

  public int firstRow(int block) {
    return block / columnBlocks() * rowsPerBlock;
  }

  public int firstColumn(int block) {
    return block % columnBlocks() * columnsPerBlock;
  }

  public int rowsOf(int block) {
    return Math.min(rowsPerBlock, rows - firstRow(block));
  }

  public int columnsOf(int block) {
    return Math.min(columnsPerBlock, columns - firstColumn(block));
  }
}
