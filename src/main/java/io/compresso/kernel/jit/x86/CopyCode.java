package io.compresso.kernel.jit.x86;

import io.compresso.kernel.jit.CodeBuffer.Label;
import io.compresso.kernel.jit.x86.Assembler.Condition;

/**
 * Generates {@code void f(source, -, target, -, rows, vectors, mask)}, which copies 32-bit
 * elements. {@code vectors} counts the whole vectors of a row, and may be 0; the tail that {@code
 * mask} selects comes after them.
 *
 * @param set the registers
 * @param sourceStride bytes from one row of the source to the next
 * @param targetStride bytes from one row of the target to the next
 * @param step elements of the source from one that is copied to the next, 1 or 2; 2 is for AVX-512,
 *     with vectors of half the length
 * @param tail elements after the whole vectors when the step is 2
 */
record CopyCode(VectorSet set, long sourceStride, long targetStride, int step, int tail) {
  private static final Gpr SOURCE = Gpr.RDI;
  private static final Gpr TARGET = Gpr.RDX;
  private static final Gpr ROWS = Gpr.R8;
  private static final Gpr VECTORS = Gpr.R9;
  private static final Gpr FROM = Gpr.R10;
  private static final Gpr TO = Gpr.R11;
  private static final Gpr COUNT = Gpr.RCX;
  private static final int MASK_ARGUMENT = 8;

  /** Elements that are copied at a time. */
  static int lanes(VectorSet set, int step) {
    return set.lanes() / step;
  }

  byte[] generate() {
    Assembler a = new Assembler();
    if (step == 1) {
      a.mov(Gpr.RAX, Mem.at(Gpr.RSP, MASK_ARGUMENT));
      set.loadMask(a, Gpr.RAX);
    } else {
      // The elements between those that are copied are read as well, but none after the last.
      a.mov(Gpr.RAX, (1L << (2 * tail - 1)) - 1);
      a.kmovd(Mask.K1, Gpr.RAX);
      a.mov(Gpr.RAX, (1L << tail) - 1);
      a.kmovd(Mask.K2, Gpr.RAX);
    }
    Label row = a.here();
    a.mov(FROM, SOURCE);
    a.mov(TO, TARGET);
    Label rest = new Label();
    a.mov(COUNT, VECTORS);
    a.test(COUNT, COUNT);
    a.jump(Condition.EQUAL, rest);
    Label vector = a.here();
    a.vmovups(set.register(0), Mem.at(FROM));
    if (step == 1) {
      a.vmovups(Mem.at(TO), set.register(0));
    } else {
      a.vpmovqd(Mem.at(TO), set.register(0), Encoder.Modifiers.NONE);
    }
    a.add(FROM, set.length().bytes());
    a.add(TO, 4L * lanes(set, step));
    a.dec(COUNT);
    a.jump(Condition.NOT_EQUAL, vector);
    a.bind(rest);
    if (step == 1) {
      set.load(a, set.register(0), Mem.at(FROM), true);
      set.store(a, Mem.at(TO), set.register(0), true);
    } else {
      a.vmovups(set.register(0), Mem.at(FROM), Encoder.Modifiers.zeroing(Mask.K1));
      a.vpmovqd(Mem.at(TO), set.register(0), Encoder.Modifiers.merging(Mask.K2));
    }
    a.add(SOURCE, sourceStride);
    a.add(TARGET, targetStride);
    a.dec(ROWS);
    a.jump(Condition.NOT_EQUAL, row);
    a.vzeroupper();
    a.ret();
    return a.toBytes();
  }
}
