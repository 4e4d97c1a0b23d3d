package io.compresso.kernel.jit.arm;

import org.jspecify.annotations.Nullable;

/** The operand {@code [base, #offset]} or {@code [base, index]}. */
record Mem(Reg base, @Nullable Reg index, int offset) {
  static Mem at(Reg base) {
    return new Mem(base, null, 0);
  }

  /**
   * An operand at a distance in bytes. What a load or a store can express is either a multiple of
   * its size, of up to 4095 times that, or from -256 to 255.
   */
  static Mem at(Reg base, int offset) {
    return new Mem(base, null, offset);
  }

  static Mem at(Reg base, Reg index) {
    return new Mem(base, index, 0);
  }
}
