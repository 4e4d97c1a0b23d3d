package io.compresso.kernel.jit.x86;

import io.compresso.kernel.jit.CodeBuffer.Label;
import io.compresso.kernel.jit.x86.Assembler.Condition;
import io.compresso.kernel.jit.x86.Encoder.Modifiers;
import io.compresso.kernel.jit.x86.Vec.Length;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Generates {@code void f(source, -, target, tables, blocks, -, -)} for AVX-512, which interleaves
 * a few rows of elements, such as the channels of an image, or takes them apart again. A block is
 * 16 elements of each row, which are in registers as 32 bits each.
 *
 * @param elementBytes 1, 2 or 4
 * @param rows 2 to {@value #MOST_ROWS}
 * @param rowStride bytes from one row to the next
 * @param apart whether the rows are in the target
 */
record InterleaveRowsCode(int elementBytes, int rows, long rowStride, boolean apart) {
  static final int MOST_ROWS = 4;

  /** Elements of each row that a block has. */
  static final int LANES = 16;

  private static final int VECTOR_BYTES = 4 * LANES;
  private static final Gpr SOURCE = Gpr.RDI;
  private static final Gpr TARGET = Gpr.RDX;
  private static final Gpr TABLES = Gpr.RCX;
  private static final Gpr BLOCKS = Gpr.R8;

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
    Label block = a.here();
    long blockBytes = (long) LANES * elementBytes;
    for (int source = 0; source < rows; source++) {
      load(a, source(source), Mem.at(SOURCE, source * (apart ? blockBytes : rowStride)));
    }
    Vec result = new Vec(MOST_ROWS, Length.ZMM);
    for (int i = 0; i < rows; i++) {
      a.vmovaps(result, source(0));
      for (int source = 1; source < rows; source++) {
        a.vpermt2ps(result, table(i * (rows - 1) + source - 1), source(source));
      }
      store(a, Mem.at(TARGET, i * (apart ? rowStride : blockBytes)), result);
    }
    a.add(SOURCE, apart ? rows * blockBytes : blockBytes);
    a.add(TARGET, apart ? blockBytes : rows * blockBytes);
    a.dec(BLOCKS);
    a.jump(Condition.NOT_EQUAL, block);
    a.vzeroupper();
    a.ret();
    return a.toBytes();
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
