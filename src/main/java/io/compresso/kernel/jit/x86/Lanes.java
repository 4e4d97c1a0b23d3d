package io.compresso.kernel.jit.x86;

import io.compresso.kernel.jit.CodeBuffer.Label;
import io.compresso.kernel.jit.x86.Assembler.Condition;
import io.compresso.kernel.jit.x86.Encoder.Modifiers;
import io.compresso.tensor.DType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * Emits loads and stores of a register of 32-bit elements from and to memory of narrower types, and
 * of tails of fewer elements than the register has. Floats become single precision, integers 32
 * bits.
 *
 * <p>AVX-512 masks tails. AVX2 has masks for 32-bit elements only; tails of other types go through
 * the 64 bytes below the stack pointer, element bytes one by one.
 */
final class Lanes {
  /** Vector registers of AVX2 that are taken: the mask of the tail, and a scratch register. */
  private static final int MASK_REGISTER = 15;

  private static final int SCRATCH = 14;
  private static final int SLOT = -64;
  private static final int BFLOAT_BITS = 16;

  private static final Map<Vec.Length, MemorySegment> ORDERS = orders();

  private final ElementAssembler a;
  private final VectorSet set;
  private final Gpr tailCount;
  private final Gpr counter;
  private final Gpr address;

  /**
   * @param tailCount the register that holds the elements of the tail
   * @param counter a register for loops over bytes; {@code RAX} is used as well
   * @param address a register for the place of such loops
   */
  Lanes(ElementAssembler a, VectorSet set, Gpr tailCount, Gpr counter, Gpr address) {
    this.a = a;
    this.set = set;
    this.tailCount = tailCount;
    this.counter = counter;
    this.address = address;
  }

  /** Registers that are free for others. */
  static int registers(VectorSet set) {
    return set == VectorSet.AVX512 ? 30 : SCRATCH - 1;
  }

  static int bytes(DType type) {
    return type.bits() / 8;
  }

  private boolean wide() {
    return set == VectorSet.AVX512;
  }

  /**
   * Makes the mask of the tail.
   *
   * @param laneBytes 4, or 1 for code that works on bytes
   */
  void mask(int laneBytes) {
    if (wide()) {
      a.mov(Gpr.RAX, -1L);
      a.bzhi(Gpr.RAX, Gpr.RAX, tailCount);
      a.kmovq(Mask.K1, Gpr.RAX);
    } else if (laneBytes == Float.BYTES) {
      a.mov(counter, tailCount);
      a.shl(counter, 6);
      a.mov(Gpr.RAX, set.mask(0).address());
      a.add(Gpr.RAX, counter);
      a.vmovups(Vec.ymm(MASK_REGISTER), Mem.at(Gpr.RAX));
    }
  }

  private Modifiers zeroing(boolean tail) {
    return tail && wide() ? Modifiers.zeroing(Mask.K1) : Modifiers.NONE;
  }

  private Modifiers merging(boolean tail) {
    return tail && wide() ? Modifiers.merging(Mask.K1) : Modifiers.NONE;
  }

  /** Loads elements; those behind a tail are undefined. */
  void load(Vec target, DType type, Mem source, boolean tail) {
    if (type.bits() == 32) {
      if (tail && !wide()) {
        a.vmaskmovps(target, Vec.ymm(MASK_REGISTER), source);
      } else {
        a.vmovups(target, source, zeroing(tail));
      }
      return;
    }
    Mem from = source;
    if (tail && !wide()) {
      copy(source, Mem.at(Gpr.RSP, SLOT), bytes(type));
      from = Mem.at(Gpr.RSP, SLOT);
    }
    Modifiers modifiers = zeroing(tail);
    switch (type) {
      case FLOAT16 -> a.vcvtph2ps(target, from, modifiers);
      case BFLOAT16 -> {
        a.vpmovzxwd(target, from, modifiers);
        a.vpslld(target, target, BFLOAT_BITS);
      }
      case UINT8 -> a.vpmovzxbd(target, from, modifiers);
      case INT8 -> a.vpmovsxbd(target, from, modifiers);
      case UINT16 -> a.vpmovzxwd(target, from, modifiers);
      case INT16 -> a.vpmovsxwd(target, from, modifiers);
      default -> throw new IllegalArgumentException(type.toString());
    }
  }

  /** Loads bytes as they lie; those behind a tail are undefined. */
  void loadBytes(Vec target, Mem source, boolean tail) {
    if (wide() && tail) {
      a.vmovdqu8(target, source, Modifiers.zeroing(Mask.K1));
    } else if (tail) {
      Mem slot = Mem.at(Gpr.RSP, SLOT);
      copy(source, slot, 1);
      a.vmovups(target, slot);
    } else {
      a.vmovups(target, source);
    }
  }

  void storeBytes(Mem target, Vec value, boolean tail) {
    if (wide() && tail) {
      a.vmovdqu8(target, value, Modifiers.merging(Mask.K1));
    } else if (tail) {
      Mem slot = Mem.at(Gpr.RSP, SLOT);
      a.vmovups(slot, value);
      copy(slot, target, 1);
    } else {
      a.vmovups(target, value);
    }
  }

  /** Replaces what lies behind a tail by elements of {@code fill}. */
  void fill(Vec target, Vec fill) {
    if (wide()) {
      a.vblendmps(target, Mask.K1, fill, target);
    } else {
      a.vblendvps(target, fill, target, Vec.ymm(MASK_REGISTER));
    }
  }

  /** Stores elements, integers in range; {@code value} may be overwritten. */
  void store(DType type, Mem target, Vec value, boolean tail) {
    if (type.bits() == 32) {
      if (tail && !wide()) {
        a.vmaskmovps(target, Vec.ymm(MASK_REGISTER), value);
      } else {
        a.vmovups(target, value, merging(tail));
      }
      return;
    }
    boolean bounces = tail && !wide();
    Mem to = bounces ? Mem.at(Gpr.RSP, SLOT) : target;
    if (type == DType.FLOAT16) {
      a.vcvtps2ph(to, value, merging(tail));
    } else {
      if (type == DType.BFLOAT16) {
        roundToBfloat(value);
      }
      if (wide()) {
        narrow(type, to, value, merging(tail));
      } else {
        pack(type, to, value);
      }
    }
    if (bounces) {
      copy(to, target, bytes(type));
    }
  }

  /** Loads the order for {@link #storeFour}. */
  void loadOrder(Vec order) {
    a.mov(Gpr.RAX, Objects.requireNonNull(ORDERS.get(set.length())).address());
    a.vmovups(order, Mem.at(Gpr.RAX));
  }

  /**
   * Stores the integers of four registers as bytes one after the other, saturating. The registers
   * are overwritten.
   *
   * @param order what {@link #loadOrder} has loaded
   */
  void storeFour(DType type, Mem target, Vec order, Vec... values) {
    a.vpackssdw(values[0], values[0], values[1]);
    a.vpackssdw(values[2], values[2], values[3]);
    if (type == DType.INT8) {
      a.vpacksswb(values[0], values[0], values[2]);
    } else {
      a.vpackuswb(values[0], values[0], values[2]);
    }
    // Each 128 bits hold four bytes of each register.
    a.vpermd(values[0], order, values[0]);
    a.vmovups(target, values[0]);
  }

  private static Map<Vec.Length, MemorySegment> orders() {
    Map<Vec.Length, MemorySegment> orders = new EnumMap<>(Vec.Length.class);
    for (Vec.Length length : List.of(Vec.Length.YMM, Vec.Length.ZMM)) {
      int quarters = length.bytes() / Vec.Length.XMM.bytes();
      MemorySegment order = Arena.global().allocate(length.bytes(), length.bytes());
      for (int i = 0; i < length.lanes(); i++) {
        int from = i % quarters * Vec.Length.XMM.lanes() + i / quarters;
        order.setAtIndex(ValueLayout.JAVA_INT, i, from);
      }
      orders.put(length, order);
    }
    return orders;
  }

  /** Stores integers as bytes, saturating; those for unsigned bytes must not be negative. */
  void storeSaturating(DType type, Mem target, Vec value, boolean tail) {
    if (!wide()) {
      store(type, target, value, tail);
    } else if (type == DType.INT8) {
      a.vpmovsdb(target, value, merging(tail));
    } else {
      a.vpmovusdb(target, value, merging(tail));
    }
  }

  private void narrow(DType type, Mem target, Vec value, Modifiers modifiers) {
    if (type.bits() == 8) {
      a.vpmovdb(target, value, modifiers);
    } else {
      a.vpmovdw(target, value, modifiers);
    }
  }

  private void pack(DType type, Mem target, Vec value) {
    Vec low = value.as(Vec.Length.XMM);
    Vec high = Vec.xmm(SCRATCH);
    a.vextracti128(high, value);
    if (type.bits() == 16) {
      if (type == DType.INT16) {
        a.vpackssdw(low, low, high);
      } else {
        a.vpackusdw(low, low, high);
      }
      a.vmovups(target, low);
      return;
    }
    a.vpackssdw(low, low, high);
    if (type == DType.INT8) {
      a.vpacksswb(low, low, low);
    } else {
      a.vpackuswb(low, low, low);
    }
    a.vmovq(target, low);
  }

  /** Leaves the bits of the nearest bfloat16 in the low half of each element. */
  void roundToBfloat(Vec value) {
    Vec rounded = wide() ? Vec.zmm(31) : Vec.ymm(SCRATCH);
    Vec quiet = wide() ? Vec.zmm(30) : Vec.ymm(SCRATCH - 1);
    a.vpsrld(rounded, value, BFLOAT_BITS);
    broadcast(quiet, 1);
    a.vpand(rounded, rounded, quiet);
    broadcast(quiet, 0x7FFF);
    a.vpaddd(rounded, rounded, quiet);
    a.vpaddd(rounded, rounded, value);
    broadcast(quiet, 0x400000);
    a.vpor(quiet, quiet, value);
    if (wide()) {
      a.vcmpps(Mask.K2, value, value, ElementAssembler.Predicate.UNORDERED);
      a.vblendmps(value, Mask.K2, rounded, quiet);
    } else {
      a.vcmpps(value, value, value, ElementAssembler.Predicate.UNORDERED);
      a.vblendvps(value, rounded, quiet, value);
    }
    a.vpsrld(value, value, BFLOAT_BITS);
  }

  /** Fills a register with 32-bit elements. */
  void broadcast(Vec target, int bits) {
    Vec first = target.as(Vec.Length.XMM);
    a.mov(Gpr.RAX, Integer.toUnsignedLong(bits));
    a.vmovd(first, Gpr.RAX);
    a.vbroadcastss(target, first);
  }

  void broadcast(Vec target, float value) {
    broadcast(target, Float.floatToRawIntBits(value));
  }

  /** Copies the elements of the tail, of which there is at least one, byte by byte. */
  private void copy(Mem source, Mem target, int elementBytes) {
    boolean loads = target.base() == Gpr.RSP;
    a.lea(address, loads ? source : target);
    a.mov(counter, tailCount);
    if (elementBytes > 1) {
      a.shl(counter, 1);
    }
    Label next = a.here();
    Mem outside = Mem.at(address, counter, 1, -1);
    Mem slot = Mem.at(Gpr.RSP, counter, 1, SLOT - 1);
    a.movzxByte(Gpr.RAX, loads ? outside : slot);
    a.movByte(loads ? slot : outside, Gpr.RAX);
    a.dec(counter);
    a.jump(Condition.NOT_EQUAL, next);
  }
}
