package io.compresso.kernel.jit.x86;

import io.compresso.kernel.jit.CodeBuffer.Label;
import io.compresso.kernel.jit.x86.Assembler.Condition;
import io.compresso.kernel.jit.x86.Encoder.Modifiers;

/**
 * Generates {@code void f(source, -, target, rowTerms, rows, -, -)}, which quantizes rows of floats
 * to bytes as {@link io.compresso.kernel.OperandTypes#quantizesRows} says and writes each row's
 * scale to its {@link RowTerms}. Whole vectors are stored.
 *
 * @param set the registers
 * @param columns elements of a row, at least one
 * @param targetStride bytes from one row of the target to the next
 * @param move what is added to each byte; 128 where there is no AVX-512
 */
record QuantizeRowsCode(VectorSet set, int columns, long targetStride, int move) {
  private static final Gpr SOURCE = Gpr.RDI;
  private static final Gpr TARGET = Gpr.RDX;
  private static final Gpr TERMS = Gpr.RCX;
  private static final Gpr ROWS = Gpr.R8;
  private static final Gpr FROM = Gpr.R10;
  private static final Gpr TO = Gpr.R11;
  private static final Gpr COUNT = Gpr.R9;
  private static final float GREATEST = 127;
  private static final int EQUAL = 0;

  byte[] generate() {
    ElementAssembler a = new ElementAssembler();
    set.loadTailMask(a, columns % set.lanes());
    broadcast(a, greatest(), Float.floatToRawIntBits(GREATEST));
    broadcast(a, least(), Float.floatToRawIntBits(-GREATEST));
    broadcast(a, infinity(), Float.floatToRawIntBits(Float.POSITIVE_INFINITY));
    broadcast(a, moves(), move);
    a.vpxor(zero(), zero(), zero());
    Label row = a.here();
    a.vpxor(most(), most(), most());
    sweep(a, () -> magnitude(a));
    scale(a);
    a.mov(TO, TARGET);
    sweep(a, () -> quantize(a));
    a.add(SOURCE, 4L * columns);
    a.add(TARGET, targetStride);
    a.add(TERMS, RowTerms.BYTES);
    a.dec(ROWS);
    a.jump(Condition.NOT_EQUAL, row);
    a.vzeroupper();
    a.ret();
    return a.toBytes();
  }

  private Vec value() {
    return set.register(0);
  }

  private Vec most() {
    return set.register(1);
  }

  private Vec divisor() {
    return set.register(2);
  }

  private Vec greatest() {
    return set.register(3);
  }

  private Vec least() {
    return set.register(4);
  }

  private Vec infinity() {
    return set.register(5);
  }

  private Vec moves() {
    return set.register(6);
  }

  private Vec zero() {
    return set.register(7);
  }

  private Vec scratch() {
    return set.register(8);
  }

  private static void broadcast(Assembler a, Vec target, int bits) {
    Vec first = target.as(Vec.Length.XMM);
    a.mov(Gpr.RAX, Integer.toUnsignedLong(bits));
    a.vmovd(first, Gpr.RAX);
    a.vbroadcastss(target, first);
  }

  /** Loads each vector of the row. */
  private void sweep(Assembler a, Runnable body) {
    a.mov(FROM, SOURCE);
    int lanes = set.lanes();
    if (columns >= lanes) {
      a.mov(COUNT, columns / lanes);
      Label vector = a.here();
      set.load(a, value(), Mem.at(FROM), false);
      body.run();
      a.add(FROM, set.length().bytes());
      a.dec(COUNT);
      a.jump(Condition.NOT_EQUAL, vector);
    }
    if (columns % lanes > 0) {
      set.load(a, value(), Mem.at(FROM), true);
      body.run();
    }
  }

  /** Magnitudes are ordered as their bits are, NaN after the infinities. */
  private void magnitude(ElementAssembler a) {
    a.vpslld(value(), value(), 1);
    a.vpsrld(value(), value(), 1);
    a.vpmaxsd(most(), most(), value());
  }

  private void scale(ElementAssembler a) {
    if (set == VectorSet.AVX512) {
      Vec half = most().as(Vec.Length.YMM);
      Vec other = scratch().as(Vec.Length.YMM);
      a.vextracti64x4(other, most());
      a.vpmaxsd(half, half, other);
    }
    Vec quarter = most().as(Vec.Length.XMM);
    Vec other = scratch().as(Vec.Length.XMM);
    a.vextracti128(other, most().as(Vec.Length.YMM));
    a.vpmaxsd(quarter, quarter, other);
    a.vpermilps(other, quarter, 0x4E);
    a.vpmaxsd(quarter, quarter, other);
    a.vpermilps(other, quarter, 0xB1);
    a.vpmaxsd(quarter, quarter, other);
    a.vbroadcastss(divisor(), quarter);
    a.vdivps(divisor(), divisor(), greatest());
    // An infinite scale becomes NaN, others stay.
    a.vsubps(scratch(), divisor(), divisor());
    a.vaddps(divisor(), divisor(), scratch());
    a.vmovd(Mem.at(TERMS, RowTerms.SCALE), divisor().as(Vec.Length.XMM));
    if (set == VectorSet.AVX512) {
      a.vcmpps(Mask.K2, divisor(), zero(), EQUAL);
      a.vmovaps(divisor(), infinity(), Modifiers.merging(Mask.K2));
    } else {
      a.vcmpps(scratch(), divisor(), zero(), EQUAL);
      a.vblendvps(divisor(), divisor(), infinity(), scratch());
    }
  }

  private void quantize(Assembler a) {
    a.vdivps(value(), value(), divisor());
    a.vminps(value(), value(), greatest());
    a.vmaxps(value(), value(), least());
    a.vcvtps2dq(value(), value());
    a.vpaddd(value(), value(), moves());
    if (set == VectorSet.AVX512) {
      a.vpmovdb(Mem.at(TO), value(), Modifiers.NONE);
    } else {
      Vec low = value().as(Vec.Length.XMM);
      Vec high = scratch().as(Vec.Length.XMM);
      a.vextracti128(high, value());
      a.vpackssdw(low, low, high);
      a.vpackuswb(low, low, low);
      a.vmovq(Mem.at(TO), low);
    }
    a.add(TO, set.lanes());
  }
}
