package io.compresso.kernel.jit.x86;

import io.compresso.kernel.jit.x86.Encoder.Modifiers;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The constants of a routine: in memory, and the most used ones in registers where some are free.
 */
final class VectorConstants {
  /** Constants in memory: once for AVX-512, which repeats them while loading, or for each lane. */
  static final class Table {
    private final List<Integer> values;
    private final Map<VectorSet, MemorySegment> segments = new EnumMap<>(VectorSet.class);

    /**
     * @param values the constants' bits
     */
    Table(List<Integer> values) {
      this.values = List.copyOf(values);
      for (VectorSet set : VectorSet.values()) {
        int copies = copies(set);
        MemorySegment segment = Arena.global().allocate(4L * copies * values.size(), 64);
        for (int i = 0; i < copies * values.size(); i++) {
          segment.setAtIndex(ValueLayout.JAVA_INT, i, values.get(i / copies));
        }
        segments.put(set, segment);
      }
    }

    private static int copies(VectorSet set) {
      return set == VectorSet.AVX512 ? 1 : set.lanes();
    }

    private long address(VectorSet set) {
      return Objects.requireNonNull(segments.get(set)).address();
    }

    private long offset(VectorSet set, int bits) {
      int index = values.indexOf(bits);
      if (index < 0) {
        throw new IllegalArgumentException("no constant " + Float.intBitsToFloat(bits));
      }
      return 4L * copies(set) * index;
    }
  }

  @FunctionalInterface
  private interface OfRegisters {
    void emit(Vec target, Vec left, Vec right);
  }

  @FunctionalInterface
  private interface OfMemory {
    void emit(Vec target, Vec left, Mem right, Modifiers modifiers);
  }

  private final Assembler a;
  private final VectorSet set;
  private final Gpr address;
  private final Table table;
  private final Map<Integer, Vec> pinned = new LinkedHashMap<>();

  /**
   * @param address the register for the table's address
   */
  VectorConstants(Assembler a, VectorSet set, Gpr address, Table table) {
    this.a = a;
    this.set = set;
    this.address = address;
    this.table = table;
  }

  /** Keeps constants in registers from {@link #load()} on, as many as there are registers for. */
  void pin(List<Float> values, Vec... registers) {
    for (int i = 0; i < Math.min(values.size(), registers.length); i++) {
      pinned.put(Float.floatToRawIntBits(values.get(i)), registers[i]);
    }
  }

  /** Loads the address of the table, and the constants that are kept in registers. */
  void load() {
    a.mov(address, table.address(set));
    pinned.forEach((bits, register) -> fill(register, atBits(bits)));
  }

  /** Where a constant is, for an instruction with {@link #repeated}. */
  Mem at(float value) {
    return atBits(Float.floatToRawIntBits(value));
  }

  /** Where the constant of these bits is, for an instruction with {@link #repeated}. */
  Mem atBits(int bits) {
    return Mem.at(address, table.offset(set, bits));
  }

  Modifiers repeated() {
    return set == VectorSet.AVX512 ? Modifiers.BROADCAST : Modifiers.NONE;
  }

  void load(Vec target, float value) {
    Vec kept = kept(value);
    if (kept != null) {
      a.vmovaps(target, kept);
    } else {
      fill(target, at(value));
    }
  }

  /** A register of the constant: that in which it is kept, or {@code other}, loaded. */
  Vec register(float value, Vec other) {
    Vec kept = kept(value);
    if (kept != null) {
      return kept;
    }
    fill(other, at(value));
    return other;
  }

  /** {@code target = target * left + value}. */
  void multiplyAdd(Vec target, Vec left, float value) {
    emit(a::vfmadd213ps, a::vfmadd213ps, target, left, value);
  }

  /** {@code target -= left * value}. */
  void subtractProduct(Vec target, Vec left, float value) {
    emit(a::vfnmadd231ps, a::vfnmadd231ps, target, left, value);
  }

  void multiply(Vec target, Vec left, float value) {
    emit(a::vmulps, a::vmulps, target, left, value);
  }

  void add(Vec target, Vec left, float value) {
    emit(a::vaddps, a::vaddps, target, left, value);
  }

  void xor(Vec target, Vec left, float value) {
    emit(a::vxorps, a::vxorps, target, left, value);
  }

  void and(Vec target, Vec left, float value) {
    emit(a::vandps, a::vandps, target, left, value);
  }

  private void emit(OfRegisters registers, OfMemory memory, Vec target, Vec left, float value) {
    Vec kept = kept(value);
    if (kept != null) {
      registers.emit(target, left, kept);
    } else {
      memory.emit(target, left, at(value), repeated());
    }
  }

  private @Nullable Vec kept(float value) {
    return pinned.get(Float.floatToRawIntBits(value));
  }

  private void fill(Vec target, Mem source) {
    if (set == VectorSet.AVX512) {
      a.vbroadcastss(target, source);
    } else {
      a.vmovups(target, source);
    }
  }
}
