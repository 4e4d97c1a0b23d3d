package io.compresso.kernel.jit.x86;

import io.compresso.kernel.jit.CodeBuffer.Label;
import io.compresso.kernel.jit.x86.Assembler.Condition;
import io.compresso.kernel.panel.ByteGatherer;
import io.compresso.kernel.panel.ByteGatherer.Form;
import io.compresso.kernel.panel.BytePattern;

/**
 * Generates {@code void f(words, table, target, terms, periods, targetPeriod, -)} for AVX-512, and
 * VNNI for quads, the code of {@link ByteGatherer}: for each word that is made, the words of the
 * rows that have its bytes are shuffled and combined.
 */
record ByteGatherCode(Form form) {
  private static final int BYTE_ONES = 0x01010101;
  private static final int WORD_ONES = 0x00010001;

  private static final Gpr WORDS = Gpr.RDI;
  private static final Gpr TABLE = Gpr.RSI;
  private static final Gpr TARGET = Gpr.RDX;
  private static final Gpr TERMS = Gpr.RCX;
  private static final Gpr PERIODS = Gpr.R8;
  private static final Gpr TARGET_PERIOD = Gpr.R9;
  private static final Gpr AT = Gpr.RAX;
  private static final Gpr PLACE = Gpr.R10;
  private static final Gpr SHUFFLE = Gpr.R11;
  private static final Gpr COUNT = Gpr.RBX;

  private static final Vec ONES = Vec.zmm(10);
  private static final Vec FLIPS = Vec.zmm(11);
  private static final Vec SUMS = Vec.zmm(12);
  private static final Vec MOVES = Vec.zmm(13);

  byte[] generate() {
    ElementAssembler a = new ElementAssembler();
    a.push(COUNT);
    a.mov(AT, form == Form.QUADS ? BYTE_ONES : WORD_ONES);
    a.vmovd(ONES.as(Vec.Length.XMM), AT);
    a.vbroadcastss(ONES, ONES.as(Vec.Length.XMM));
    a.vmovups(FLIPS, Mem.at(TERMS, ByteGatherer.FLIPS));
    a.vmovups(SUMS, Mem.at(TERMS, ByteGatherer.SUMS));
    Label period = a.here();
    a.mov(COUNT, Mem.at(TABLE, Long.BYTES));
    a.lea(AT, Mem.at(TABLE, BytePattern.HEADER_BYTES));
    Label word = a.here();
    word(a);
    a.add(AT, Long.BYTES * (2L * form.bytes() + 2));
    a.dec(COUNT);
    a.jump(Condition.NOT_EQUAL, word);
    a.add(WORDS, Mem.at(TABLE));
    a.add(TARGET, TARGET_PERIOD);
    a.dec(PERIODS);
    a.jump(Condition.NOT_EQUAL, period);
    a.vmovups(Mem.at(TERMS, ByteGatherer.SUMS), SUMS);
    a.vzeroupper();
    a.pop(COUNT);
    a.ret();
    return a.toBytes();
  }

  private void word(ElementAssembler a) {
    Vec result = Vec.zmm(0);
    for (int i = 0; i < form.bytes(); i++) {
      Vec part = Vec.zmm(i);
      a.mov(PLACE, Mem.at(AT, 2L * Long.BYTES * i));
      a.mov(SHUFFLE, Mem.at(AT, 2L * Long.BYTES * i + Long.BYTES));
      a.vmovups(part, Mem.at(WORDS, PLACE, 1, 0));
      a.vpxor(part, part, FLIPS);
      a.vpshufb(part, part, Mem.at(SHUFFLE));
      if (i > 0) {
        a.vpor(result, result, part);
      }
    }
    a.mov(PLACE, Mem.at(AT, 2L * Long.BYTES * form.bytes()));
    if (form == Form.QUADS) {
      a.vpdpbusd(SUMS, ONES, result);
    } else {
      reduce(a, result);
    }
    a.vmovups(Mem.at(TARGET, PLACE, 1, 0), result);
  }

  /** Widens bytes in the upper halves of words, and adds up the magnitudes. */
  private void reduce(ElementAssembler a, Vec result) {
    Vec magnitudes = Vec.zmm(1);
    a.mov(SHUFFLE, Mem.at(AT, 2L * Long.BYTES * form.bytes() + Long.BYTES));
    a.vmovups(MOVES, Mem.at(TERMS, SHUFFLE, 1, 0));
    a.vpsraw(result, result, Byte.SIZE);
    a.vpsubw(result, result, MOVES);
    a.vpabsw(magnitudes, result);
    a.vpmaddwd(magnitudes, magnitudes, ONES);
    a.vpaddd(SUMS, SUMS, magnitudes);
  }
}
