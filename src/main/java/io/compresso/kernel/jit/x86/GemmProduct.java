package io.compresso.kernel.jit.x86;

import io.compresso.kernel.Acceptance;
import io.compresso.kernel.Isa;
import io.compresso.kernel.jit.CodeCache;
import io.compresso.kernel.jit.NativeCall;
import io.compresso.kernel.jit.x86.AmxCode.Products;
import io.compresso.kernel.jit.x86.GemmCode.Block;
import io.compresso.kernel.jit.x86.GemmShape.Part;
import java.lang.foreign.MemorySegment;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
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
  private static final int AHEAD_LEAST_BYTES = 1 << 15;

  private final GemmShape shape;
  private final Isa isa;
  private final VectorSet set;
  private final @Nullable Tiles tiles;
  private final Map<Variant, CodeCache.Lease> variants = new ConcurrentHashMap<>();

  private record Variant(Part part, Block block) {}

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
   * The memory of a product, each segment from its first element on.
   *
   * @param a the left operand
   * @param b the right operand
   * @param c the output
   * @param columns {@link ColumnTerms}
   * @param rows {@link RowTerms}, anything when there are none
   * @param frame {@link GemmFrame}
   */
  record Memory(
      MemorySegment a,
      MemorySegment b,
      MemorySegment c,
      MemorySegment columns,
      MemorySegment rows,
      MemorySegment frame) {
    /** The memory from another place on; distances in bytes. */
    Memory at(long left, long right, long output, long column, long row) {
      return new Memory(
          a.asSlice(left),
          b.asSlice(right),
          c.asSlice(output),
          columns.asSlice(column),
          rows.byteSize() == 0 ? rows : rows.asSlice(row),
          frame);
    }
  }

  /** Computes one part of a block of results. */
  void multiply(Memory memory, Part part, int rows, int columns) {
    if (rows == 0 || columns == 0) {
      return;
    }
    int blocks = Math.ceilDiv(rows, mostRows(shape.factors(), isa));
    int most = mostRows(shape.factors(), isa);
    int rowsPerBlock = tiles != null ? Math.min(rows, most) : Math.ceilDiv(rows, blocks);
    int full = rows / rowsPerBlock;
    section(memory, part, rowsPerBlock, full, columns);
    int done = full * rowsPerBlock;
    if (done < rows) {
      long left = part.depth() == 0 ? 0 : 4 * done * shape.left().rowStride();
      long output = done * shape.output().stride() * shape.output().bytes();
      Memory rest = memory.at(left, 0, output, 0, (long) done * RowTerms.BYTES);
      section(rest, part, rows - done, 1, columns);
    }
  }

  private void section(Memory memory, Part part, int rows, int blocks, int columns) {
    int lanes = set.lanes();
    boolean packed = shape.right().isPacked();
    int vectors = packed ? PANEL_VECTORS : Math.min(vectorsFor(rows), Math.ceilDiv(columns, lanes));
    int tiles = columns / (vectors * lanes);
    if (tiles > 0) {
      call(memory, part, new Block(rows, vectors, 0, ahead(blocks)), blocks, tiles);
    }
    int done = tiles * vectors * lanes;
    int rest = columns - done;
    if (rest > 0) {
      long right =
          packed ? tiles * shape.right().panelBytes() : (long) done * shape.right().columnBytes();
      Memory last =
          memory.at(0, part.depth() == 0 ? 0 : right, done * shape.output().bytes(), 4L * done, 0);
      call(last, part, new Block(rows, Math.ceilDiv(rest, lanes), rest % lanes, 0), blocks, 1);
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

  private void call(Memory memory, Part part, Block block, int blocks, int tiles) {
    MemorySegment code = variants.computeIfAbsent(new Variant(part, block), this::lease).entry();
    NativeCall.tile(
        code,
        memory.a(),
        memory.b(),
        memory.c(),
        memory.columns(),
        memory.rows(),
        memory.frame(),
        blocks,
        tiles);
  }

  private CodeCache.Lease lease(Variant variant) {
    if (tiles != null) {
      AmxCode code = new AmxCode(shape, tiles.products(), variant.block(), tiles.assembler());
      return CodeCache.lease(code, code::generate);
    }
    GemmCode code = new GemmCode(shape, variant.part(), isa, variant.block());
    return CodeCache.lease(code, code::generate);
  }

  @Override
  public void close() {
    variants.values().forEach(CodeCache.Lease::close);
  }
}
