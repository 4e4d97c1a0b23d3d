package io.compresso.kernel.jit.x86;

import io.compresso.kernel.jit.CodeBuffer.Label;
import io.compresso.kernel.jit.x86.Assembler.Condition;
import io.compresso.kernel.jit.x86.Encoder.Modifiers;
import io.compresso.kernel.jit.x86.Vec.Length;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Generates {@code void f(source, -, target, tables, blocks, parts, strides)} for AVX-512, which
 * interleaves a few rows of elements, such as the channels of an image, or takes them apart again.
 * A block is 16 elements of each row, which are in registers as 32 bits each. The strides are those
 * from part to part of the source and of the target, in bytes, 64 bits each.
 *
 * @param elementBytes 1, 2 or 4
 * @param rows 2 to {@value #MOST_ROWS}
 * @param rowStride bytes from one row to the next
 * @param apart whether the rows are in the target
 * @param last the first element of a row's last block, which overlaps the one before it; 0 when
 *     there is none
 */
record InterleaveRowsCode(int elementBytes, int rows, long rowStride, boolean apart, int last) {
  static final int MOST_ROWS = 4;

  /** Elements of each row that a block has. */
  static final int LANES = 16;

  private static final int VECTOR_BYTES = 4 * LANES;
  private static final Gpr SOURCE = Gpr.RDI;
  private static final Gpr TARGET = Gpr.RDX;
  private static final Gpr TABLES = Gpr.RCX;
  private static final Gpr BLOCKS = Gpr.R8;
  private static final Gpr PARTS = Gpr.R9;
  private static final Gpr SOURCE_STRIDE = Gpr.R10;
  private static final Gpr TARGET_STRIDE = Gpr.R11;
  private static final Gpr FROM = Gpr.RSI;
  private static final Gpr TO = Gpr.RCX;
  private static final Gpr COUNT = Gpr.RAX;
  private static final int STRIDES_ARGUMENT = 8;

  /** Bytes of the tables. */
  long tableBytes() {
    return (long) rows * (rows - 1) * VECTOR_BYTES;
  }

  /**
   * Writes the tables: for each result, which of its elements come from the first two sources, then
   * which from each further one.
   */
  void writeTables(MemorySegment tables) {
    for (int result = 0; result < rows; result++) {
      for (int source = 1; source < rows; source++) {
        long table = ((long) result * (rows - 1) + source - 1) * VECTOR_BYTES;
        for (int lane = 0; lane < LANES; lane++) {
          int place = apart ? lane * rows + result : result * LANES + lane;
          int from = apart ? place / LANES : place % rows;
          int element = apart ? place % LANES : place / rows;
          int index = from == source ? LANES + element : lane;
          if (source == 1 && from == 0) {
            index = element;
          }
          tables.set(ValueLayout.JAVA_INT, table + 4L * lane, index);
        }
      }
    }
  }

  byte[] generate() {
    ElementAssembler a = new ElementAssembler();
    for (int table = 0; table < rows * (rows - 1); table++) {
      a.vmovups(table(table), Mem.at(TABLES, (long) table * VECTOR_BYTES));
    }
    a.mov(COUNT, Mem.at(Gpr.RSP, STRIDES_ARGUMENT));
    a.mov(SOURCE_STRIDE, Mem.at(COUNT));
    a.mov(TARGET_STRIDE, Mem.at(COUNT, 8));
    long blockBytes = (long) LANES * elementBytes;
    Label part = a.here();
    a.mov(FROM, SOURCE);
    a.mov(TO, TARGET);
    a.mov(COUNT, BLOCKS);
    Label block = a.here();
    block(a, FROM, TO, 0);
    a.add(FROM, apart ? rows * blockBytes : blockBytes);
    a.add(TO, apart ? blockBytes : rows * blockBytes);
    a.dec(COUNT);
    a.jump(Condition.NOT_EQUAL, block);
    if (last > 0) {
      block(a, SOURCE, TARGET, (long) last * elementBytes);
    }
    a.add(SOURCE, SOURCE_STRIDE);
    a.add(TARGET, TARGET_STRIDE);
    a.dec(PARTS);
    a.jump(Condition.NOT_EQUAL, part);
    a.vzeroupper();
    a.ret();
    return a.toBytes();
  }

  /**
   * A block.
   *
   * @param at where it begins in a row, in bytes
   */
  private void block(ElementAssembler a, Gpr from, Gpr to, long at) {
    long blockBytes = (long) LANES * elementBytes;
    for (int source = 0; source < rows; source++) {
      long place = apart ? rows * at + source * blockBytes : at + source * rowStride;
      load(a, source(source), Mem.at(from, place));
    }
    Vec result = new Vec(MOST_ROWS, Length.ZMM);
    for (int i = 0; i < rows; i++) {
      a.vmovaps(result, source(0));
      for (int source = 1; source < rows; source++) {
        a.vpermt2ps(result, table(i * (rows - 1) + source - 1), source(source));
      }
      long place = apart ? at + i * rowStride : rows * at + i * blockBytes;
      store(a, Mem.at(to, place), result);
    }
  }

  private void load(ElementAssembler a, Vec target, Mem source) {
    switch (elementBytes) {
      case 1 -> a.vpmovzxbd(target, source, Modifiers.NONE);
      case 2 -> a.vpmovzxwd(target, source, Modifiers.NONE);
      default -> a.vmovups(target, source);
    }
  }

  private void store(ElementAssembler a, Mem target, Vec source) {
    switch (elementBytes) {
      case 1 -> a.vpmovdb(target, source, Modifiers.NONE);
      case 2 -> a.vpmovdw(target, source, Modifiers.NONE);
      default -> a.vmovups(target, source);
    }
  }

  private static Vec source(int number) {
    return new Vec(number, Length.ZMM);
  }

  private static Vec table(int number) {
    return new Vec(MOST_ROWS + 1 + number, Length.ZMM);
  }
}
