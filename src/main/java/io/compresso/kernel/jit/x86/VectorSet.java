package io.compresso.kernel.jit.x86;

import io.compresso.kernel.Isa;
import io.compresso.kernel.jit.x86.Vec.Length;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** The vector registers of a rung, and how tails are masked with them. */
enum VectorSet {
  AVX2(Length.YMM, 15),
  AVX_VNNI(Length.YMM, 15),
  AVX512(Length.ZMM, 32);

  private static final int MASK_BYTES = 64;

  private final Length length;
  private final int registers;
  private final MemorySegment masks;

  VectorSet(Length length, int registers) {
    this.length = length;
    this.registers = registers;
    int lanes = length.lanes();
    this.masks = Arena.global().allocate((long) (lanes + 1) * MASK_BYTES, 64);
    for (int count = 0; count <= lanes; count++) {
      long at = (long) count * MASK_BYTES;
      if (length == Length.ZMM) {
        masks.set(ValueLayout.JAVA_INT, at, (1 << count) - 1);
      } else {
        for (int lane = 0; lane < count; lane++) {
          masks.set(ValueLayout.JAVA_INT, at + 4L * lane, -1);
        }
      }
    }
  }

  static VectorSet of(Isa isa) {
    return switch (isa) {
      case AVX2 -> AVX2;
      case AVX_VNNI -> AVX_VNNI;
      default -> AVX512;
    };
  }

  Length length() {
    return length;
  }

  /** Floats of one register. */
  int lanes() {
    return length.lanes();
  }

  /** Registers that kernels may use freely; AVX2 keeps one for the mask. */
  int registers() {
    return registers;
  }

  Vec register(int number) {
    return new Vec(number, length);
  }

  /** The memory from which {@link #loadMask} gets the mask of the first {@code count} floats. */
  MemorySegment mask(int count) {
    return masks.asSlice((long) count * MASK_BYTES, MASK_BYTES);
  }

  void loadMask(Assembler assembler, Gpr address) {
    if (this == AVX512) {
      assembler.kmovw(Mask.K1, Mem.at(address));
    } else {
      assembler.vmovups(maskRegister(), Mem.at(address));
    }
  }

  /** Loads the mask of the first {@code count} floats; nothing for 0. Overwrites {@code rax}. */
  void loadTailMask(Assembler assembler, int count) {
    if (count == 0) {
      return;
    }
    if (this == AVX512) {
      assembler.mov(Gpr.RAX, (1 << count) - 1);
      assembler.kmovd(Mask.K1, Gpr.RAX);
    } else {
      assembler.mov(Gpr.RAX, mask(count).address());
      assembler.vmovups(maskRegister(), Mem.at(Gpr.RAX));
    }
  }

  /** Loads the masked floats, zeroes the others. */
  void load(Assembler assembler, Vec target, Mem source, boolean masked) {
    if (!masked) {
      assembler.vmovups(target, source);
    } else if (this == AVX512) {
      assembler.vmovups(target, source, Encoder.Modifiers.zeroing(Mask.K1));
    } else {
      assembler.vmaskmovps(target, maskRegister(), source);
    }
  }

  void store(Assembler assembler, Mem target, Vec source, boolean masked) {
    if (!masked) {
      assembler.vmovups(target, source);
    } else if (this == AVX512) {
      assembler.vmovups(target, source, Encoder.Modifiers.merging(Mask.K1));
    } else {
      assembler.vmaskmovps(target, maskRegister(), source);
    }
  }

  private Vec maskRegister() {
    return Vec.ymm(15);
  }
}
