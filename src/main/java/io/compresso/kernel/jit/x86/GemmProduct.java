package io.compresso.kernel.jit.x86;

import io.compresso.kernel.Acceptance;
import io.compresso.kernel.Isa;
import io.compresso.kernel.jit.CodeCache;
import io.compresso.kernel.jit.NativeCall;
import io.compresso.kernel.jit.x86.AmxCode.Products;
import io.compresso.kernel.jit.x86.GemmCode.Block;
import io.compresso.kernel.jit.x86.GemmShape.Part;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Products of a fixed {@link GemmShape}; the variants of {@link GemmCode} are made when first
 * needed. Safe for use by many threads.
 */
final class GemmProduct implements AutoCloseable {
  /** Vectors of a panel. */
  static final int PANEL_VECTORS = 2;

  private static final int MOST_VECTORS = 8;
  private static final int AHEAD_LEAST_BYTES = 1 << 14;

  private final GemmShape shape;
  private final Isa isa;
  private final VectorSet set;
  private final @Nullable Tiles tiles;

  /** What was made so far; few, and looked up at each call. */
  private volatile Variant[] variants = {};

  private record Variant(Part part, Block block, CodeCache.Lease code) {}

  /**
   * The tiles of AMX.
   *
   * @param products what they multiply
   * @param assembler makes the assembler
   */
  record Tiles(Products products, Supplier<Assembler> assembler) {}

  /**
   * @param tiles null where sums are made in vector registers
   */
  GemmProduct(GemmShape shape, Isa isa, @Nullable Tiles tiles) {
    this.shape = shape;
    this.isa = isa;
    this.set = VectorSet.of(isa);
    this.tiles = tiles;
  }

  /** Columns of a panel. */
  static int width(Isa isa) {
    return PANEL_VECTORS * VectorSet.of(isa).lanes();
  }

  /** Rows of the largest block. */
  static int mostRows(Factors factors, Isa isa) {
    if (isa == Isa.AMX) {
      return 2 * AmxCode.TILE_ROWS;
    }
    VectorSet set = VectorSet.of(isa);
    return factors.widens(set) ? 4 : (set.registers() - 1) / PANEL_VECTORS - 1;
  }

  /** Length of the arrays of constants of so many columns, which may be read in whole tiles. */
  static int paddedColumns(int columns, Isa isa) {
    return columns + MOST_VECTORS * VectorSet.of(isa).lanes();
  }

  /** Whether operands with rows of so many bytes can be addressed. */
  static Acceptance accepts(long rowBytes) {
    return Acceptance.when(rowBytes <= Integer.MAX_VALUE / 32, "rows of " + rowBytes + " bytes");
  }

  /**
   * Computes one part of a block of results. The caller keeps the memory alive for the length of
   * the call.
   *
   * @param frame the address of the {@link GemmFrame}
   * @param a the address at which the left operand begins
   * @param b the address at which the right operand begins
   * @param c the address at which the results begin
   * @param column the address at which the columns' {@link ColumnTerms} begin
   * @param row the address at which the rows' {@link RowTerms} begin, anything when there are none
   */
  void multiply(
      long frame, long a, long b, long c, long column, long row, Part part, int rows, int columns) {
    multiply(frame, a, b, c, column, row, part, rows, columns, false);
  }

  /**
   * The same.
   *
   * @param backwards whether columns are computed from the last to the first, where that makes a
   *     difference to what the caches hold
   */
  void multiply(
      long frame,
      long a,
      long b,
      long c,
      long column,
      long row,
      Part part,
      int rows,
      int columns,
      boolean backwards) {
    if (rows == 0 || columns == 0) {
      return;
    }
    int most = mostRows(shape.factors(), isa);
    int blocks = Math.ceilDiv(rows, most);
    int rowsPerBlock = tiles != null ? Math.min(rows, most) : Math.ceilDiv(rows, blocks);
    int full = rows / rowsPerBlock;
    section(frame, a, b, c, column, row, part, rowsPerBlock, full, columns, backwards);
    int done = full * rowsPerBlock;
    if (done < rows) {
      long left = part.depth() == 0 ? 0 : 4 * done * shape.left().rowStride();
      long output = done * shape.output().stride() * shape.output().bytes();
      long terms = (long) done * RowTerms.BYTES;
      section(
          frame,
          a + left,
          b,
          c + output,
          column,
          row + terms,
          part,
          rows - done,
          1,
          columns,
          backwards);
    }
  }

  private void section(
      long frame,
      long a,
      long b,
      long c,
      long column,
      long row,
      Part part,
      int rows,
      int blocks,
      int columns,
      boolean backwards) {
    int lanes = set.lanes();
    boolean packed = shape.right().isPacked();
    int vectors = packed ? PANEL_VECTORS : Math.min(vectorsFor(rows), Math.ceilDiv(columns, lanes));
    int tiles = columns / (vectors * lanes);
    if (tiles > 0) {
      boolean turned = backwards && packed && this.tiles == null && part.depth() > 0;
      MemorySegment code = code(part, rows, vectors, 0, ahead(blocks), turned);
      long last = turned ? tiles - 1 : 0;
      long lastColumn = last * vectors * lanes;
      call(
          code,
          frame,
          a,
          b + last * shape.right().panelBytes(),
          c + lastColumn * shape.output().bytes(),
          column + 4 * lastColumn,
          row,
          blocks,
          tiles);
    }
    int done = tiles * vectors * lanes;
    int rest = columns - done;
    if (rest > 0) {
      long right =
          packed ? tiles * shape.right().panelBytes() : (long) done * shape.right().columnBytes();
      long from = part.depth() == 0 ? b : b + right;
      MemorySegment code = code(part, rows, Math.ceilDiv(rest, lanes), rest % lanes, 0, false);
      call(
          code,
          frame,
          a,
          from,
          c + done * shape.output().bytes(),
          column + 4L * done,
          row,
          blocks,
          1);
    }
  }

  /** Lines to fetch ahead, so that all blocks of rows together fetch the next panel. */
  private int ahead(int blocks) {
    boolean small =
        tiles != null
            || !shape.right().isPacked()
            || shape.right().panelBytes() < AHEAD_LEAST_BYTES;
    return small || blocks == 1 ? 0 : Math.min(4, Math.ceilDiv(8, blocks));
  }

  /** Wide tiles for few rows, so that enough sums are on their way to hide the latency. */
  private int vectorsFor(int rows) {
    int most = shape.factors().widens(set) ? PANEL_VECTORS : (set.registers() - 1) / (rows + 1);
    return Math.clamp(most, PANEL_VECTORS, rows == 1 ? MOST_VECTORS : rows == 2 ? 6 : 4);
  }

  private static void call(
      MemorySegment code,
      long frame,
      long a,
      long b,
      long c,
      long column,
      long row,
      int blocks,
      int tiles) {
    NativeCall.tile(code, a, b, c, column, row, frame, blocks, tiles);
  }

  private MemorySegment code(
      Part part, int rows, int vectors, int tail, int ahead, boolean backwards) {
    for (Variant variant : variants) {
      Block block = variant.block;
      if (block.rows() == rows
          && block.vectors() == vectors
          && block.tail() == tail
          && block.ahead() == ahead
          && block.backwards() == backwards
          && variant.part.equals(part)) {
        return variant.code.entry();
      }
    }
    return make(part, new Block(rows, vectors, tail, ahead, backwards));
  }

  private synchronized MemorySegment make(Part part, Block block) {
    for (Variant variant : variants) {
      if (variant.block.equals(block) && variant.part.equals(part)) {
        return variant.code.entry();
      }
    }
    Variant made = new Variant(part, block, lease(part, block));
    Variant[] more = Arrays.copyOf(variants, variants.length + 1);
    more[variants.length] = made;
    variants = more;
    return made.code.entry();
  }

  private CodeCache.Lease lease(Part part, Block block) {
    if (tiles != null) {
      AmxCode code = new AmxCode(shape, tiles.products(), block, tiles.assembler());
      return CodeCache.lease(code, code::generate);
    }
    GemmCode code = new GemmCode(shape, part, isa, block);
    return CodeCache.lease(code, code::generate);
  }

  @Override
  public void close() {
    for (Variant variant : variants) {
      variant.code.close();
    }
  }
}
