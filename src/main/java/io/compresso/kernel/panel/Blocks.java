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
  static final long LEAST_MACS = 1 << 20;

  /** Elements of the right operand that take as long to read. */
  private static final long LEAST_ELEMENTS = 1 << 16;

  /** Products that a core computes while it reads an element. */
  private static final int PRODUCTS_PER_ELEMENT = 4;

  /**
   * Blocks that are large enough to be worth a hand-over and enough to keep all threads busy.
   *
   * @param rowGrain what the rows of a block are a multiple of
   * @param columnGrain what the columns of a block are a multiple of
   */
  public static Blocks of(
      int rows, int columns, long depth, int rowGrain, int columnGrain, int threads) {
    int rowTiles = Math.ceilDiv(rows, rowGrain);
    int columnTiles = Math.ceilDiv(columns, columnGrain);
    long steps = Math.max(depth, 1);
    Parts parts =
        Parts.choose(
            new Parts.Sizes(
                rowTiles,
                columnTiles,
                rows * steps,
                columns * steps,
                rows * steps * columns / PRODUCTS_PER_ELEMENT,
                0,
                Math.max(rows * steps * columns / LEAST_MACS, columns * steps / LEAST_ELEMENTS)),
            threads);
    return new Blocks(
        rows,
        columns,
        Math.min(rows, Math.ceilDiv(rowTiles, parts.rows()) * rowGrain),
        Math.min(columns, Math.ceilDiv(columnTiles, parts.columns()) * columnGrain));
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
