package io.compresso.kernel.jit.x86;

import io.compresso.kernel.jit.CodeBuffer.Label;
import io.compresso.kernel.jit.x86.Assembler.Condition;
import io.compresso.kernel.jit.x86.Encoder.Modifiers;

/**
 * Generates {@code void f(source, -, target, -, rows, vectors, -)}, which puts a byte of each of up
 * to four channels into each 32-bit element. {@code vectors} counts the whole vectors of a row, and
 * may be 0; the tail comes after them.
 *
 * @param set the registers
 * @param channels channels that there are; the bytes of others are {@code flip}'s
 * @param channelStride bytes from one channel to the next
 * @param sourceStride bytes from one row of the source to the next
 * @param targetStride bytes from one row of the target to the next
 * @param flip what the elements are combined with, exclusive or
 * @param step bytes from one element of a row of the source to the next, 1 or 2; 2 for AVX-512 only
 * @param tail elements after the whole vectors, for AVX-512 only; at least one when the step is 2
 */
record InterleaveCode(
    VectorSet set,
    int channels,
    long channelStride,
    long sourceStride,
    long targetStride,
    int flip,
    int step,
    int tail) {
  private static final Gpr SOURCE = Gpr.RDI;
  private static final Gpr TARGET = Gpr.RDX;
  private static final Gpr ROWS = Gpr.R8;
  private static final Gpr VECTORS = Gpr.R9;
  private static final Gpr FROM = Gpr.R10;
  private static final Gpr TO = Gpr.R11;
  private static final Gpr COUNT = Gpr.RCX;

  byte[] generate() {
    Assembler a = new Assembler();
    if (tail > 0) {
      a.mov(Gpr.RAX, (1L << tail) - 1);
      a.kmovd(Mask.K1, Gpr.RAX);
      // The bytes between those that are used are read as well, but none after the last.
      a.mov(Gpr.RAX, (1L << ((tail - 1) * step + 1)) - 1);
      a.kmovd(Mask.K2, Gpr.RAX);
    }
    if (flip != 0) {
      Vec first = flipRegister().as(Vec.Length.XMM);
      a.mov(Gpr.RAX, Integer.toUnsignedLong(flip));
      a.vmovd(first, Gpr.RAX);
      a.vbroadcastss(flipRegister(), first);
    }
    Label row = a.here();
    a.mov(FROM, SOURCE);
    a.mov(TO, TARGET);
    Label rest = new Label();
    a.mov(COUNT, VECTORS);
    a.test(COUNT, COUNT);
    a.jump(Condition.EQUAL, rest);
    Label vector = a.here();
    vector(a, Modifiers.NONE);
    a.vmovups(Mem.at(TO), set.register(0));
    a.add(FROM, (long) step * set.lanes());
    a.add(TO, set.length().bytes());
    a.dec(COUNT);
    a.jump(Condition.NOT_EQUAL, vector);
    a.bind(rest);
    if (tail > 0) {
      vector(a, Modifiers.zeroing(Mask.K2));
      set.store(a, Mem.at(TO), set.register(0), true);
    }
    a.add(SOURCE, sourceStride);
    a.add(TARGET, targetStride);
    a.dec(ROWS);
    a.jump(Condition.NOT_EQUAL, row);
    a.vzeroupper();
    a.ret();
    return a.toBytes();
  }

  private Vec flipRegister() {
    return set.register(5);
  }

  private void vector(Assembler a, Modifiers modifiers) {
    Vec element = set.register(0);
    for (int c = 0; c < channels; c++) {
      Vec part = set.register(c);
      load(a, part, c, modifiers);
      if (c > 0) {
        a.vpor(element, element, part);
      }
    }
    if (flip != 0) {
      a.vpxor(element, element, flipRegister());
    }
  }

  /** Loads the bytes of one channel into their place in the elements. */
  private void load(Assembler a, Vec part, int channel, Modifiers modifiers) {
    Mem source = Mem.at(FROM, channel * channelStride);
    if (step == 1) {
      a.vpmovzxbd(part, source, modifiers);
      if (channel > 0) {
        a.vpslld(part, part, 8 * channel);
      }
      return;
    }
    Vec half = part.as(Vec.Length.YMM);
    a.vmovdqu8(half, source, modifiers);
    a.vpmovzxwd(part, half);
    a.vpslld(part, part, 24);
    if (channel < 3) {
      a.vpsrld(part, part, 24 - 8 * channel);
    }
  }
}
