package io.compresso.kernel.jit.x86;

import org.jspecify.annotations.Nullable;

/** The operand {@code [base + index * scale + displacement]}. */
record Mem(Gpr base, @Nullable Gpr index, int scale, int displacement) {
  Mem {
    if (index == Gpr.RSP) {
      throw new IllegalArgumentException("rsp cannot be an index");
    }
  }

  static Mem at(Gpr base) {
    return new Mem(base, null, 1, 0);
  }

  /**
   * An operand at a distance.
   *
   * @throws ArithmeticException if it does not fit into 32 bits
   */
  static Mem at(Gpr base, long displacement) {
    return new Mem(base, null, 1, Math.toIntExact(displacement));
  }

  static Mem at(Gpr base, Gpr index, int scale, long displacement) {
    return new Mem(base, index, scale, Math.toIntExact(displacement));
  }

  /** The operand so many bytes further. */
  Mem plus(long bytes) {
    return new Mem(base, index, scale, Math.toIntExact(displacement + bytes));
  }
}
