package io.compresso.kernel.jit.arm;

import io.compresso.kernel.jit.CodeBuffer.Label;
import io.compresso.kernel.jit.arm.GeneralAssembler.Condition;

/**
 * Generates {@code void f(begin, end)}, after which instructions between two addresses are fetched
 * as they lie in memory: the data cache is cleaned to the point of unification, then the
 * instruction caches of all cores are invalidated, then the pipeline of the calling one is flushed.
 * (Arm Architecture Reference Manual for A-profile, "Synchronization and coherency issues between
 * data and instruction accesses".)
 */
public final class ClearCacheCode {
  private static final Reg BEGIN = Reg.X0;
  private static final Reg END = Reg.X1;
  private static final Reg CACHE_TYPE = Reg.X2;
  private static final Reg LINE = Reg.X3;
  private static final Reg AT = Reg.X4;

  /** Where the cache type register says the logarithm of a line's words, in four bits. */
  private static final int DATA_LINE = 16;

  private static final int INSTRUCTION_LINE = 0;

  private ClearCacheCode() {}

  /** The code of the function. */
  public static byte[] generate() {
    Assembler a = new Assembler();
    a.mrsCtr(CACHE_TYPE);
    loop(a, DATA_LINE, () -> a.dcCvau(AT));
    a.dsbIsh();
    loop(a, INSTRUCTION_LINE, () -> a.icIvau(AT));
    a.dsbIsh();
    a.isb();
    a.ret();
    return a.toBytes();
  }

  private static void loop(Assembler a, int field, Runnable line) {
    a.ubfx(AT, CACHE_TYPE, field, 4);
    a.mov(LINE, 4);
    a.lsl(LINE, LINE, AT);
    a.add(AT, LINE, -1, Reg.X5);
    a.bic(AT, BEGIN, AT);
    Label next = a.here();
    line.run();
    a.add(AT, AT, LINE);
    a.cmp(AT, END);
    a.b(Condition.LO, next);
  }
}
