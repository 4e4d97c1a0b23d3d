package io.compresso.kernel.jit.x86;

import io.compresso.kernel.jit.CodeBuffer.Label;
import io.compresso.kernel.jit.x86.Assembler.Condition;
import io.compresso.kernel.jit.x86.GemmCode.Block;
import io.compresso.tensor.DType;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;

/**
 * Generates the same function as {@link GemmCode}, whose sums are made in the tiles of AMX, two by
 * two, and finished in vector registers. The rows of both operands are read in whole units of 64
 * bytes along the depth.
 *
 * @param shape strides, types and epilogue, which become constants of the code
 * @param products the products of the tiles
 * @param block at most 32 rows and 2 vectors
 * @param assembler makes the assembler
 */
record AmxCode(GemmShape shape, Products products, Block block, Supplier<Assembler> assembler) {
  /** What the elements of both operands are. */
  enum Products {
    UNSIGNED_BY_SIGNED,
    SIGNED_BY_SIGNED,
    UNSIGNED_BY_UNSIGNED,
    SIGNED_BY_UNSIGNED,
    BFLOAT16;

    /** The products of bytes of two types; floats are quantized to signed bytes. */
    static Products of(DType left, DType right) {
      if (left == DType.INT8 || left == DType.FLOAT) {
        return right == DType.INT8 ? SIGNED_BY_SIGNED : SIGNED_BY_UNSIGNED;
      }
      return right == DType.INT8 ? UNSIGNED_BY_SIGNED : UNSIGNED_BY_UNSIGNED;
    }
  }

  /** Rows of a tile. */
  static final int TILE_ROWS = 16;

  /** Units of 32 bits in a row of a tile. */
  static final int TILE_UNITS = 16;

  private static final int ROW_BYTES = 64;
  private static final int SUM_ROW_BYTES = 2 * ROW_BYTES;
  private static final int MOST_FINISHED_ROWS = 8;
  private static final VectorSet SET = VectorSet.AVX512;

  private static final Gpr A_STEP = Gpr.RAX;
  private static final Gpr RIGHT_STRIDE = Gpr.RBX;
  private static final Gpr STEP_COUNT = Gpr.RBP;
  private static final Gpr SUMS = Gpr.R13;
  private static final Gpr B_STEP = Gpr.R13;
  private static final Gpr LEFT_STRIDE = Gpr.R15;
  private static final Gpr[] SAVED = {Gpr.RBX, Gpr.RBP, Gpr.R12, Gpr.R13, Gpr.R14, Gpr.R15};
  private static final int ROW_BLOCKS_ARGUMENT = 8 + 8 * SAVED.length;

  // The frame: sums of the tiles, then what no register is left for.
  private static final int SUM_BYTES = 2 * TILE_ROWS * SUM_ROW_BYTES;
  private static final int STACK_LOCAL = SUM_BYTES;
  private static final int ROW_BLOCKS_LOCAL = SUM_BYTES + 8;
  private static final int COLUMN_TILES_LOCAL = SUM_BYTES + 16;
  private static final int ROW_COUNT_LOCAL = SUM_BYTES + 24;
  private static final int FRAME_BYTES = SUM_BYTES + 64;

  byte[] generate() {
    Assembler a = assembler.get();
    for (Gpr register : SAVED) {
      a.push(register);
    }
    a.mov(Gpr.RAX, Gpr.RSP);
    a.add(Gpr.RSP, -FRAME_BYTES);
    a.and(Gpr.RSP, -ROW_BYTES);
    a.mov(Mem.at(Gpr.RSP, STACK_LOCAL), Gpr.RAX);
    a.mov(Gpr.RBX, Mem.at(Gpr.RAX, ROW_BLOCKS_ARGUMENT));
    a.mov(Mem.at(Gpr.RSP, ROW_BLOCKS_LOCAL), Gpr.RBX);
    a.mov(Gpr.RBX, Mem.at(Gpr.RAX, ROW_BLOCKS_ARGUMENT + 8));
    a.mov(Mem.at(Gpr.RSP, COLUMN_TILES_LOCAL), Gpr.RBX);
    a.configureTiles(configuration(), Gpr.RAX);
    SET.loadTailMask(a, block.tail());
    a.mov(LEFT_STRIDE, 4 * shape.left().rowStride());
    a.mov(RIGHT_STRIDE, SUM_ROW_BYTES);
    int finished = finishedRows();
    GemmEpilogue epilogue =
        new GemmEpilogue(
            shape,
            shape.whole(),
            SET,
            new Block(finished, block.vectors(), block.tail(), 0, false),
            a);
    if (epilogue.hasThird()) {
      a.mov(GemmCode.THIRD, Mem.at(GemmCode.FRAME, GemmFrame.THIRD));
    }
    Label column = a.here();
    a.mov(GemmCode.A_ROW, GemmCode.A);
    a.mov(GemmCode.C_ROW, GemmCode.C);
    a.mov(GemmCode.ROW, GemmCode.ROWS);
    a.mov(Gpr.RAX, Mem.at(Gpr.RSP, ROW_BLOCKS_LOCAL));
    a.mov(Mem.at(Gpr.RSP, ROW_COUNT_LOCAL), Gpr.RAX);
    Label row = a.here();
    sum(a);
    a.mov(SUMS, Gpr.RSP);
    a.mov(A_STEP, block.rows() / finished);
    finish(a, epilogue, finished);
    a.add(GemmCode.A_ROW, 4 * block.rows() * shape.left().rowStride());
    a.dec(Mem.at(Gpr.RSP, ROW_COUNT_LOCAL));
    a.jump(Condition.NOT_EQUAL, row);
    a.add(GemmCode.B, shape.right().panelBytes());
    a.add(GemmCode.C, (long) block.vectors() * SET.lanes() * shape.output().bytes());
    a.add(GemmCode.COLUMNS, (long) block.vectors() * ROW_BYTES);
    a.dec(Mem.at(Gpr.RSP, COLUMN_TILES_LOCAL));
    a.jump(Condition.NOT_EQUAL, column);
    a.tilerelease();
    a.vzeroupper();
    a.mov(Gpr.RSP, Mem.at(Gpr.RSP, STACK_LOCAL));
    for (int i = SAVED.length - 1; i >= 0; i--) {
      a.pop(SAVED[i]);
    }
    a.ret();
    return a.toBytes();
  }

  /** Rows that are finished at a time: the most that divide those of the block. */
  private int finishedRows() {
    int rows = Math.min(MOST_FINISHED_ROWS, block.rows());
    while (block.rows() % rows != 0) {
      rows--;
    }
    return rows;
  }

  private int tileRows(int i) {
    return Math.clamp(block.rows() - i * TILE_ROWS, 0, TILE_ROWS);
  }

  private int rowTiles() {
    return Math.ceilDiv(block.rows(), TILE_ROWS);
  }

  /** Tiles 0 to 3 hold sums, 4 and 5 rows of the left operand, 6 and 7 the right one. */
  private TileConfiguration configuration() {
    List<Integer> rows =
        List.of(
            tileRows(0),
            tileRows(0),
            tileRows(1),
            tileRows(1),
            tileRows(0),
            tileRows(1),
            TILE_UNITS,
            TILE_UNITS);
    List<Integer> rowBytes = new ArrayList<>();
    rows.forEach(_ -> rowBytes.add(ROW_BYTES));
    return new TileConfiguration(rows, rowBytes);
  }

  private static Tile sumTile(int i, int j) {
    return Tile.values()[2 * i + j];
  }

  private static Tile leftTile(int i) {
    return Tile.values()[4 + i];
  }

  private static Tile rightTile(int j) {
    return Tile.values()[6 + j];
  }

  private void sum(Assembler a) {
    for (int i = 0; i < rowTiles(); i++) {
      for (int j = 0; j < block.vectors(); j++) {
        a.tilezero(sumTile(i, j));
      }
    }
    int steps = shape.depth() / TILE_UNITS;
    if (steps > 0) {
      a.mov(A_STEP, GemmCode.A_ROW);
      a.mov(B_STEP, GemmCode.B);
      a.mov(STEP_COUNT, steps);
      Label step = a.here();
      for (int j = 0; j < block.vectors(); j++) {
        a.tileloadd(rightTile(j), Mem.at(B_STEP, RIGHT_STRIDE, 1, (long) j * ROW_BYTES));
      }
      for (int i = 0; i < rowTiles(); i++) {
        long at = 4 * i * TILE_ROWS * shape.left().rowStride();
        a.tileloadd(leftTile(i), Mem.at(A_STEP, LEFT_STRIDE, 1, at));
        for (int j = 0; j < block.vectors(); j++) {
          multiply(a, sumTile(i, j), leftTile(i), rightTile(j));
        }
      }
      a.add(A_STEP, ROW_BYTES);
      a.add(B_STEP, TILE_UNITS * shape.right().stepBytes());
      a.dec(STEP_COUNT);
      a.jump(Condition.NOT_EQUAL, step);
    }
    for (int i = 0; i < rowTiles(); i++) {
      for (int j = 0; j < block.vectors(); j++) {
        long at = (long) i * TILE_ROWS * SUM_ROW_BYTES + (long) j * ROW_BYTES;
        a.tilestored(Mem.at(Gpr.RSP, RIGHT_STRIDE, 1, at), sumTile(i, j));
      }
    }
  }

  private void multiply(Assembler a, Tile sum, Tile left, Tile right) {
    switch (products) {
      case UNSIGNED_BY_SIGNED -> a.tdpbusd(sum, left, right);
      case SIGNED_BY_SIGNED -> a.tdpbssd(sum, left, right);
      case UNSIGNED_BY_UNSIGNED -> a.tdpbuud(sum, left, right);
      case SIGNED_BY_UNSIGNED -> a.tdpbsud(sum, left, right);
      case BFLOAT16 -> a.tdpbf16ps(sum, left, right);
    }
  }

  private void finish(Assembler a, GemmEpilogue epilogue, int rows) {
    int count = block.rows() / rows;
    if (count > 1) {
      a.mov(Mem.at(Gpr.RSP, ROW_COUNT_LOCAL + 8), A_STEP);
    }
    Label next = a.here();
    epilogue.initialise();
    epilogue.add(SUMS, SUM_ROW_BYTES);
    epilogue.finish();
    a.add(GemmCode.C_ROW, rows * shape.output().stride() * shape.output().bytes());
    a.add(GemmCode.ROW, (long) rows * RowTerms.BYTES);
    a.add(SUMS, (long) rows * SUM_ROW_BYTES);
    if (count > 1) {
      a.dec(Mem.at(Gpr.RSP, ROW_COUNT_LOCAL + 8));
      a.jump(Condition.NOT_EQUAL, next);
    }
  }
}
