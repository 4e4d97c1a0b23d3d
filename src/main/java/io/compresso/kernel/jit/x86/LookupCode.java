package io.compresso.kernel.jit.x86;

import io.compresso.kernel.jit.CodeBuffer.Label;
import io.compresso.kernel.jit.x86.Assembler.Condition;

/**
 * Code of {@code c = table[a]} on bytes; the constants are the table of 256 bytes. With AVX-512
 * VBMI the table lies in four registers, or else bytes are looked up one by one.
 */
final class LookupCode extends RowsCode {
  private static final int TABLE_REGISTERS = 4;

  private final boolean permutes;
  private final Vec index = register(0);
  private final Vec low = register(1);
  private final Vec high = register(2);
  private final int table = 3;

  /** What the code depends on. */
  record Source(VectorSet set, boolean permutes) implements RowsCode.Source {
    @Override
    public RowsCode create() {
      return new LookupCode(this);
    }
  }

  private LookupCode(Source source) {
    super(source.set(), 1, 2);
    this.permutes = source.permutes();
  }

  @Override
  void prologue() {
    if (permutes) {
      for (int i = 0; i < TABLE_REGISTERS; i++) {
        a.vmovups(register(table + i), Mem.at(CONSTANTS, 64L * i));
      }
    }
  }

  @Override
  void row() {
    pass((step, tail) -> {
      if (permutes) {
        lanes.loadBytes(index, at(A, 1, step), tail);
        a.vpmovb2m(Mask.K2, index);
        a.vmovaps(low, index);
        a.vpermi2b(low, register(table), register(table + 1));
        a.vmovaps(high, index);
        a.vpermi2b(high, register(table + 2), register(table + 3));
        a.vpblendmb(low, Mask.K2, low, high);
        lanes.storeBytes(at(C, 1, step), low, tail);
      } else if (!tail) {
        for (int i = 0; i < width(); i++) {
          a.movzxByte(Gpr.RAX, Mem.at(A, INDEX, 1, (long) step * width() + i));
          a.movzxByte(Gpr.RAX, Mem.at(CONSTANTS, Gpr.RAX, 1, 0));
          a.movByte(Mem.at(C, INDEX, 1, (long) step * width() + i), Gpr.RAX);
        }
      } else {
        tailByByte();
      }
    });
  }

  private void tailByByte() {
    Gpr count = FREE;
    a.mov(count, TAIL);
    Label next = a.here();
    a.movzxByte(Gpr.RAX, Mem.at(A, INDEX, 1, 0));
    a.movzxByte(Gpr.RAX, Mem.at(CONSTANTS, Gpr.RAX, 1, 0));
    a.movByte(Mem.at(C, INDEX, 1, 0), Gpr.RAX);
    a.add(INDEX, 1);
    a.dec(count);
    a.jump(Condition.NOT_EQUAL, next);
  }
}
