package io.compresso.kernel.jit.x86;

import io.compresso.kernel.jit.CodeBuffer;
import io.compresso.kernel.jit.x86.Instruction.Trait;
import io.compresso.kernel.jit.x86.Vec.Length;
import org.jspecify.annotations.Nullable;

/** Prefixes, ModRM, SIB and displacements, as Intel's manual (volume 2, chapter 2) defines them. */
abstract class Encoder {
  /** Masking and broadcasting of an EVEX instruction. */
  record Modifiers(Mask mask, boolean zeroing, boolean broadcast) {
    static final Modifiers NONE = new Modifiers(Mask.K0, false, false);
    static final Modifiers BROADCAST = new Modifiers(Mask.K0, false, true);

    /** Elements outside of {@code mask} become 0. */
    static Modifiers zeroing(Mask mask) {
      return new Modifiers(mask, true, false);
    }

    /** Elements outside of {@code mask} stay. */
    static Modifiers merging(Mask mask) {
      return new Modifiers(mask, false, false);
    }
  }

  private static final int NO_REGISTER = 0;

  /** The only map that the short form of VEX has. */
  private static final int FIRST_MAP = 1;

  final CodeBuffer code = new CodeBuffer();

  // General instructions

  /** REX with W, for {@code reg} and a register operand. */
  final void rexW(int reg, int rm) {
    code.int8(0x48 | (reg >> 3) << 2 | rm >> 3);
  }

  /** REX with W, for {@code reg} and a memory operand. */
  final void rexW(int reg, Mem mem) {
    code.int8(0x48 | (reg >> 3) << 2 | indexBit(mem) << 1 | mem.base().ordinal() >> 3);
  }

  /** REX without W, left out when it says nothing. */
  final void rex(int reg, Mem mem) {
    int rex = 0x40 | (reg >> 3) << 2 | indexBit(mem) << 1 | mem.base().ordinal() >> 3;
    if (rex != 0x40) {
      code.int8(rex);
    }
  }

  /** REX without W for one register, left out when it says nothing. */
  final void rex(int rm) {
    if (rm > 7) {
      code.int8(0x41);
    }
  }

  final void modRm(int reg, int rm) {
    code.int8(0xC0 | (reg & 7) << 3 | rm & 7);
  }

  final void modRm(int reg, Mem mem) {
    modRm(reg, mem, 1, false);
  }

  /**
   * @param unit what a displacement of 8 bits counts in
   * @param forceSib whether the instruction needs a SIB byte, as those of tiles do
   */
  final void modRm(int reg, Mem mem, int unit, boolean forceSib) {
    int base = mem.base().ordinal() & 7;
    boolean sib = forceSib || mem.index() != null || base == Gpr.RSP.ordinal();
    int displacement = mem.displacement();
    int mod;
    if (displacement == 0 && base != Gpr.RBP.ordinal()) {
      mod = 0;
    } else if (displacement % unit == 0
        && displacement / unit >= -128
        && displacement / unit <= 127) {
      mod = 1;
    } else {
      mod = 2;
    }
    code.int8(mod << 6 | (reg & 7) << 3 | (sib ? 4 : base));
    if (sib) {
      Gpr index = mem.index();
      int indexBits = index == null ? 4 : index.ordinal() & 7;
      code.int8(Integer.numberOfTrailingZeros(mem.scale()) << 6 | indexBits << 3 | base);
    }
    if (mod == 1) {
      code.int8(displacement / unit);
    } else if (mod == 2) {
      code.int32(displacement);
    }
  }

  private static int indexBit(Mem mem) {
    Gpr index = mem.index();
    return index == null ? 0 : index.ordinal() >> 3;
  }

  // Vector instructions

  final void vector(Instruction op, Vec reg, Vec rm) {
    vector(op, reg, null, rm, Modifiers.NONE);
  }

  final void vector(Instruction op, Vec reg, Mem rm) {
    vector(op, reg, null, rm, Modifiers.NONE);
  }

  final void vector(Instruction op, Vec reg, Vec second, Vec rm) {
    vector(op, reg, second, rm, Modifiers.NONE);
  }

  final void vector(Instruction op, Vec reg, Vec second, Mem rm) {
    vector(op, reg, second, rm, Modifiers.NONE);
  }

  /** {@code reg, second, rm} of registers; {@code second} is absent in two-operand forms. */
  final void vector(Instruction op, Vec reg, @Nullable Vec second, Vec rm, Modifiers modifiers) {
    int v = second == null ? NO_REGISTER : second.number();
    // Under an instruction that changes the length, the longer operand counts.
    Length length = reg.length().compareTo(rm.length()) >= 0 ? reg.length() : rm.length();
    boolean high = reg.number() > 15 || v > 15 || rm.number() > 15;
    if (isEvex(op, length, high, modifiers)) {
      evex(op, length, reg.number(), v, rm.number() >> 4, rm.number() >> 3, modifiers);
    } else {
      vex(op, length, reg.number(), v, 0, rm.number() >> 3);
    }
    code.int8(op.code());
    modRm(reg.number(), rm.number());
  }

  /** {@code reg, second, mem}. */
  final void vector(Instruction op, Vec reg, @Nullable Vec second, Mem mem, Modifiers modifiers) {
    int v = second == null ? NO_REGISTER : second.number();
    Length length = reg.length();
    int base = mem.base().ordinal() >> 3;
    boolean high = reg.number() > 15 || v > 15;
    int unit = 1;
    if (isEvex(op, length, high, modifiers)) {
      evex(op, length, reg.number(), v, indexBit(mem), base, modifiers);
      unit = modifiers.broadcast() ? 4 << w(op, true) : op.unit(length);
    } else {
      vex(op, length, reg.number(), v, indexBit(mem), base);
    }
    code.int8(op.code());
    modRm(reg.number(), mem, unit, false);
  }

  private static int w(Instruction op, boolean evex) {
    return op.has(Trait.W) || evex && op.has(Trait.W_UNDER_EVEX) ? 1 : 0;
  }

  private static boolean isEvex(Instruction op, Length length, boolean high, Modifiers modifiers) {
    return op.has(Trait.EVEX)
        || !op.has(Trait.VEX)
            && (high || length == Length.ZMM || !modifiers.equals(Modifiers.NONE));
  }

  private void evex(
      Instruction op, Length length, int reg, int v, int x, int b, Modifiers modifiers) {
    code.int8(0x62);
    code.int8(
        (~reg >> 3 & 1) << 7 | (~x & 1) << 6 | (~b & 1) << 5 | (~reg >> 4 & 1) << 4 | op.map());
    code.int8(w(op, true) << 7 | (~v & 15) << 3 | 4 | op.prefix());
    code.int8(
        (modifiers.zeroing() ? 0x80 : 0)
            | length.ordinal() << 5
            | (modifiers.broadcast() ? 0x10 : 0)
            | (~v >> 4 & 1) << 3
            | modifiers.mask().ordinal());
  }

  final void vex(Instruction op, Length length, int reg, int v, int x, int b) {
    int last = (~v & 15) << 3 | (length == Length.YMM ? 4 : 0) | op.prefix();
    if (op.map() == FIRST_MAP && w(op, false) == 0 && x == 0 && b == 0) {
      code.int8(0xC5);
      code.int8((~reg >> 3 & 1) << 7 | last);
    } else {
      code.int8(0xC4);
      code.int8((~reg >> 3 & 1) << 7 | (~x & 1) << 6 | (~b & 1) << 5 | op.map());
      code.int8(w(op, false) << 7 | last);
    }
  }

  /** A VEX instruction of mask or tile registers, whose operands are given by number. */
  final void vexRegisters(Instruction op, int reg, int v, int rm) {
    vex(op, Length.XMM, reg, v, 0, rm >> 3);
    code.int8(op.code());
    modRm(reg, rm);
  }

  /** A VEX instruction of mask or tile registers with a memory operand. */
  final void vexMemory(Instruction op, int reg, Mem mem, boolean forceSib) {
    vex(op, Length.XMM, reg, NO_REGISTER, indexBit(mem), mem.base().ordinal() >> 3);
    code.int8(op.code());
    modRm(reg, mem, 1, forceSib);
  }
}
