package io.compresso.kernel.jit.x86;

import io.compresso.kernel.jit.CodeBuffer.Label;
import io.compresso.kernel.jit.x86.Assembler.Condition;
import io.compresso.kernel.jit.x86.Encoder.Modifiers;

/**
 * Generates {@code void f(rows, offsets, target, mask, squares, rest, -)} for AVX-512, the code of
 * {@link X86WordTransposer}: squares of 16 words of 16 rows, and then the {@code rest} of each row.
 * The mask has a bit for each row that there is.
 *
 * @param halves whether each word is two elements, which go to rows of their own
 */
record TransposeCode(boolean halves) {
  private static final int SIDE = SquareTranspose.SIDE;
  private static final Gpr ROWS = Gpr.RDI;
  private static final Gpr OFFSETS = Gpr.RSI;
  private static final Gpr TARGET = Gpr.RDX;
  private static final Gpr PRESENT = Gpr.RCX;
  private static final Gpr SQUARES = Gpr.R8;
  private static final Gpr REST = Gpr.R9;
  private static final Gpr COLUMN = Gpr.RAX;
  private static final Gpr ROW = Gpr.R10;
  private static final Gpr OFFSET = Gpr.R11;

  byte[] generate() {
    ElementAssembler a = new ElementAssembler();
    a.kmovd(Mask.K1, PRESENT);
    a.mov(COLUMN, -1);
    a.bzhi(COLUMN, COLUMN, REST);
    a.kmovd(Mask.K2, COLUMN);
    a.mov(COLUMN, 0);
    Label rest = new Label();
    a.test(SQUARES, SQUARES);
    a.jump(Condition.EQUAL, rest);
    Label square = a.here();
    square(a, false);
    a.add(COLUMN, 4 * SIDE);
    a.add(OFFSETS, offsetBytes() * SIDE);
    a.dec(SQUARES);
    a.jump(Condition.NOT_EQUAL, square);
    a.bind(rest);
    Label end = new Label();
    a.test(REST, REST);
    a.jump(Condition.EQUAL, end);
    square(a, true);
    a.bind(end);
    a.vzeroupper();
    a.ret();
    return a.toBytes();
  }

  /** Bytes of the offsets of a word. */
  private long offsetBytes() {
    return halves ? 16 : 8;
  }

  private void square(Assembler a, boolean partial) {
    for (int i = 0; i < SIDE; i++) {
      a.mov(ROW, Mem.at(ROWS, 8L * i));
      Mem source = Mem.at(ROW, COLUMN, 1, 0);
      a.vmovups(
          SquareTranspose.row(i), source, partial ? Modifiers.zeroing(Mask.K2) : Modifiers.NONE);
    }
    SquareTranspose.emit(
        a,
        Modifiers.zeroing(Mask.K1),
        SIDE,
        (result, row) -> {
          Label skip = new Label();
          if (partial) {
            a.cmp(REST, row + 1L);
            a.jump(Condition.LESS, skip);
          }
          store(a, result, offsetBytes() * row);
          a.bind(skip);
        });
  }

  private void store(Assembler a, Vec result, long offset) {
    Mem target = Mem.at(TARGET, OFFSET, 1, 0);
    a.mov(OFFSET, Mem.at(OFFSETS, offset));
    if (!halves) {
      a.vmovups(target, result);
      return;
    }
    a.vpmovdw(target, result, Modifiers.NONE);
    a.vpsrld(result, result, Short.SIZE);
    a.mov(OFFSET, Mem.at(OFFSETS, offset + 8));
    a.vpmovdw(target, result, Modifiers.NONE);
  }
}
