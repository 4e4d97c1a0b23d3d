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

  /** Bytes of the right operand that take as long to read. */
  private static final long LEAST_BYTES = 3 << 17;

  /** Products that a core computes while it reads an element. */
  private static final int PRODUCTS_PER_ELEMENT = 4;

  /**
   * A product that is cut into blocks.
   *
   * @param rows rows of the left operand
   * @param columns columns of the right operand
   * @param depth products of a sum
   * @param elementBytes bytes of an element of the right operand
   */
  public record Product(int rows, int columns, long depth, int elementBytes) {
    private long rightBytes() {
      return columns * Math.max(depth, 1) * elementBytes;
    }

    private long macs() {
      return rows * Math.max(depth, 1) * columns;
    }
  }

  /**
   * Blocks that are large enough to be worth a hand-over and enough to keep all threads busy.
   *
   * @param rowGrain what the rows of a block are a multiple of
   * @param columnGrain what the columns of a block are a multiple of
   */
  public static Blocks of(Product product, int rowGrain, int columnGrain, int threads) {
    int rows = product.rows;
    int columns = product.columns;
    int rowTiles = Math.ceilDiv(rows, rowGrain);
    int columnTiles = Math.ceilDiv(columns, columnGrain);
    long steps = Math.max(product.depth, 1);
    Parts parts =
        Parts.choose(
            new Parts.Sizes(
                rowTiles,
                columnTiles,
                rows * steps,
                columns * steps,
                product.macs() / PRODUCTS_PER_ELEMENT,
                0,
                Math.max(product.macs() / LEAST_MACS, product.rightBytes() / LEAST_BYTES)),
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
