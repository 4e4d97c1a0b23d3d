package io.compresso.kernel.jit.x86;

import io.compresso.kernel.Isa;
import io.compresso.kernel.jit.CodeBuffer.Label;
import io.compresso.kernel.jit.x86.Assembler.Condition;
import io.compresso.kernel.jit.x86.Encoder.Modifiers;
import io.compresso.kernel.jit.x86.GemmShape.Part;
import io.compresso.tensor.DType;

/**
 * Generates {@code void f(a, b, c, columns, rows, frame, rowBlocks, columnTiles)}: products of
 * blocks of rows with tiles of whole vectors of columns, sums kept in registers and finished there.
 *
 * <p>{@code columns} and {@code rows} point to the constants of the first column and row, {@code
 * frame} to the scalars of {@link GemmFrame}.
 *
 * @param shape strides, types and epilogue, which become constants of the code
 * @param part which part of the depth is covered
 * @param isa the instructions that may be used
 * @param block the block of results that is held in registers
 */
record GemmCode(GemmShape shape, Part part, Isa isa, Block block) {
  /**
   * Results that are held in registers.
   *
   * @param rows rows of a block
   * @param vectors vectors of a tile
   * @param tail elements of the last vector, 0 for all
   * @param ahead lines of the next panel that are fetched every {@value #UNROLL} steps
   * @param backwards whether the first tile of columns is the last one in memory
   */
  record Block(int rows, int vectors, int tail, int ahead, boolean backwards) {}

  static final Gpr A = Gpr.RDI;
  static final Gpr B = Gpr.RSI;
  static final Gpr C = Gpr.RDX;
  static final Gpr COLUMNS = Gpr.RCX;
  static final Gpr ROWS = Gpr.R8;
  static final Gpr FRAME = Gpr.R9;
  static final Gpr A_ROW = Gpr.R10;
  static final Gpr C_ROW = Gpr.R11;
  static final Gpr ROW = Gpr.R12;
  private static final Gpr B_STEP = Gpr.R13;
  static final Gpr THIRD = Gpr.R14;
  private static final Gpr AHEAD = Gpr.R15;
  private static final Gpr A_STEP = Gpr.RAX;
  private static final Gpr ROW_COUNT = Gpr.RBX;
  static final Gpr STEP_COUNT = Gpr.RBP;
  private static final Gpr[] SAVED = {Gpr.RBX, Gpr.RBP, Gpr.R12, Gpr.R13, Gpr.R14, Gpr.R15};

  /** Where the seventh argument lies after the return address and the saved registers. */
  private static final int ROW_BLOCKS_ARGUMENT = 8 + 8 * SAVED.length;

  private static final int COLUMN_TILES_ARGUMENT = ROW_BLOCKS_ARGUMENT + 8;
  private static final int LINE = 64;

  /** How far ahead of the products panels that are read once are fetched, in bytes. */
  private static final int STREAM_AHEAD = 2048;

  private static final int UNROLL = 4;

  byte[] generate() {
    Assembler a = new Assembler();
    GemmEpilogue epilogue = new GemmEpilogue(shape, part, set(), block, a);
    for (Gpr register : SAVED) {
      a.push(register);
    }
    set().loadTailMask(a, block.tail());
    if (epilogue.hasThird()) {
      a.mov(THIRD, Mem.at(FRAME, GemmFrame.THIRD));
    }
    Label column = a.here();
    a.mov(A_ROW, A);
    a.mov(C_ROW, C);
    a.mov(ROW, ROWS);
    a.mov(ROW_COUNT, Mem.at(Gpr.RSP, ROW_BLOCKS_ARGUMENT));
    if (block.ahead() > 0) {
      a.mov(AHEAD, B);
      a.add(AHEAD, direction() * tileBytes());
    }
    Label row = a.here();
    epilogue.initialise();
    sum(a);
    epilogue.finish();
    a.add(A_ROW, 4 * block.rows() * shape.left().rowStride());
    a.add(C_ROW, block.rows() * shape.output().stride() * outputBytes());
    a.add(ROW, (long) block.rows() * RowTerms.BYTES);
    a.dec(ROW_COUNT);
    a.jump(Condition.NOT_EQUAL, row);
    a.add(B, direction() * tileBytes());
    a.add(C, direction() * block.vectors() * set().lanes() * outputBytes());
    a.add(COLUMNS, direction() * block.vectors() * vectorBytes());
    a.dec(Mem.at(Gpr.RSP, COLUMN_TILES_ARGUMENT));
    a.jump(Condition.NOT_EQUAL, column);
    a.vzeroupper();
    for (int i = SAVED.length - 1; i >= 0; i--) {
      a.pop(SAVED[i]);
    }
    a.ret();
    return a.toBytes();
  }

  VectorSet set() {
    return VectorSet.of(isa);
  }

  /** Sums that wait for further parts are floats. */
  long outputBytes() {
    return shape.output().bytes();
  }

  int vectorBytes() {
    return set().length().bytes();
  }

  /** From one tile of the right operand to the next: panels are one tile wide. */
  private long tileBytes() {
    return shape.right().isPacked()
        ? shape.right().panelBytes()
        : (long) block.vectors() * set().lanes() * shape.right().columnBytes();
  }

  private long direction() {
    return block.backwards() ? -1 : 1;
  }

  Vec sumRegister(int i, int j) {
    return set().register(i * block.vectors() + j);
  }

  boolean isMasked(int j) {
    return block.tail() != 0 && j == block.vectors() - 1;
  }

  private boolean widens() {
    return shape.factors().widens(set());
  }

  private int sums() {
    return block.rows() * block.vectors();
  }

  /** Few sums are kept in several registers each, so that no addition waits for the one before. */
  private int phases() {
    if (widens()) {
      return 1;
    }
    int room = (set().registers() - block.vectors() - 1) / sums();
    return room >= 4 && sums() <= 4 ? 4 : room >= 2 && sums() <= 8 ? 2 : 1;
  }

  private Vec sumRegister(int i, int j, int phase) {
    return set().register(phase * sums() + i * block.vectors() + j);
  }

  private Vec columnRegister(int j) {
    return set().register(phases() * sums() + j);
  }

  private Vec valueRegister(int i) {
    int first = phases() * sums() + block.vectors();
    return set().register(first + i % (set().registers() - first));
  }

  private void sum(Assembler a) {
    for (int n = sums(); n < phases() * sums(); n++) {
      Vec sum = set().register(n);
      a.vxorps(sum, sum, sum);
    }
    a.mov(A_STEP, A_ROW);
    a.mov(B_STEP, B);
    int rounds = part.depth() / UNROLL;
    if (rounds > 0) {
      a.mov(STEP_COUNT, rounds);
      Label round = a.here();
      for (int i = 0; i < UNROLL; i++) {
        if (i < block.ahead()) {
          a.prefetcht1(Mem.at(AHEAD, i * LINE));
        }
        step(a, i);
      }
      a.add(AHEAD, block.ahead() * LINE);
      a.add(A_STEP, 4 * UNROLL * shape.left().step());
      a.add(B_STEP, UNROLL * shape.right().stepBytes());
      a.dec(STEP_COUNT);
      a.jump(Condition.NOT_EQUAL, round);
    }
    for (int i = 0; i < part.depth() % UNROLL; i++) {
      step(a, i);
    }
    for (int phase = phases() - 1; phase > 0; phase--) {
      for (int n = 0; n < sums(); n++) {
        Vec sum = set().register(n);
        Vec other = set().register(phase * sums() + n);
        if (shape.isOfFloats()) {
          a.vaddps(sum, sum, other);
        } else {
          a.vpaddd(sum, sum, other);
        }
      }
    }
  }

  private void step(Assembler a, int step) {
    int phase = step % phases();
    for (int j = 0; j < block.vectors(); j++) {
      loadColumns(a, step, j);
    }
    if (widens()) {
      for (int j = 0; j < block.vectors(); j++) {
        widen(a, columnRegister(j), oddColumnRegister(j), !shape.factors().leftUnsigned());
      }
    }
    for (int i = 0; i < block.rows(); i++) {
      long at = 4 * (step * shape.left().step() + i * shape.left().rowStride());
      if (widens()) {
        Vec value = set().register(sums() + 2 * block.vectors());
        a.vbroadcastss(value, Mem.at(A_STEP, at));
        multiplyWidened(a, i, value);
        continue;
      }
      Vec value = valueRegister(i);
      a.vbroadcastss(value, Mem.at(A_STEP, at));
      for (int j = 0; j < block.vectors(); j++) {
        multiply(a, sumRegister(i, j, phase), value, columnRegister(j));
      }
    }
  }

  /** Whether panels are read once, at a pace that leaves room for fetching them. */
  private boolean streams() {
    return shape.right().isPacked() && block.rows() > 1 && block.ahead() == 0;
  }

  private void loadColumns(Assembler a, int step, int j) {
    long lanes = set().lanes();
    long at = step * shape.right().stepBytes() + j * lanes * shape.right().columnBytes();
    Mem source = Mem.at(B_STEP, at);
    Vec column = columnRegister(j);
    if (streams() && j * lanes * shape.right().columnBytes() % LINE == 0) {
      a.prefetcht0(Mem.at(B_STEP, at + STREAM_AHEAD));
    }
    boolean masked = isMasked(j) && !shape.right().isPacked();
    if (shape.right().type() == DType.FLOAT16) {
      a.vcvtph2ps(column, source);
    } else if (shape.right().type() == DType.BFLOAT16) {
      a.vpmovzxwd(column, source, Modifiers.NONE);
      a.vpslld(column, column, 16);
    } else {
      set().load(a, column, source, masked);
    }
  }

  private void multiply(Assembler a, Vec sum, Vec value, Vec column) {
    switch (shape.factors()) {
      case FLOATS -> a.vfmadd231ps(sum, column, value);
      case BFLOAT16_PAIRS -> a.vdpbf16ps(sum, column, value);
      case UNSIGNED_BY_SIGNED -> dotProduct(a, sum, value, column);
      case SIGNED_BY_UNSIGNED -> dotProduct(a, sum, column, value);
    }
  }

  private void dotProduct(Assembler a, Vec sum, Vec unsigned, Vec signed) {
    if (set() == VectorSet.AVX_VNNI) {
      a.vpdpbusdVex(sum, unsigned, signed);
    } else {
      a.vpdpbusd(sum, unsigned, signed);
    }
  }

  // Without VNNI: bytes 0 and 2 of each unit, and 1 and 3, as 16-bit integers.

  private Vec oddColumnRegister(int j) {
    return set().register(sums() + block.vectors() + j);
  }

  private void multiplyWidened(Assembler a, int i, Vec value) {
    Vec odd = set().register(value.number() + 1);
    Vec product = set().register(value.number() + 2);
    widen(a, value, odd, shape.factors().leftUnsigned());
    for (int j = 0; j < block.vectors(); j++) {
      Vec sum = sumRegister(i, j);
      a.vpmaddwd(product, value, columnRegister(j));
      a.vpaddd(sum, sum, product);
      a.vpmaddwd(product, odd, oddColumnRegister(j));
      a.vpaddd(sum, sum, product);
    }
  }

  private static void widen(Assembler a, Vec evenAndSource, Vec odd, boolean unsigned) {
    if (unsigned) {
      a.vpsrlw(odd, evenAndSource, 8);
      a.vpsllw(evenAndSource, evenAndSource, 8);
      a.vpsrlw(evenAndSource, evenAndSource, 8);
    } else {
      a.vpsraw(odd, evenAndSource, 8);
      a.vpsllw(evenAndSource, evenAndSource, 8);
      a.vpsraw(evenAndSource, evenAndSource, 8);
    }
  }
}
