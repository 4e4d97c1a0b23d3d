package io.compresso.kernel.jit.x86;

import static io.compresso.kernel.jit.x86.Instruction.BZHI;
import static io.compresso.kernel.jit.x86.Instruction.VBLENDMPS;
import static io.compresso.kernel.jit.x86.Instruction.VCVTPD2PS;
import static io.compresso.kernel.jit.x86.Instruction.VCVTPS2PD;
import static io.compresso.kernel.jit.x86.Instruction.VEXTRACTI128;
import static io.compresso.kernel.jit.x86.Instruction.VFMADD231PD;
import static io.compresso.kernel.jit.x86.Instruction.VMOVHPS;
import static io.compresso.kernel.jit.x86.Instruction.VMULPD;
import static io.compresso.kernel.jit.x86.Instruction.VPABSW;
import static io.compresso.kernel.jit.x86.Instruction.VPADDW;
import static io.compresso.kernel.jit.x86.Instruction.VPAND;
import static io.compresso.kernel.jit.x86.Instruction.VPBLENDMB;
import static io.compresso.kernel.jit.x86.Instruction.VPDPWSSD;
import static io.compresso.kernel.jit.x86.Instruction.VPDPWSSD_VEX;
import static io.compresso.kernel.jit.x86.Instruction.VPERMI2B;
import static io.compresso.kernel.jit.x86.Instruction.VPERMILPS;
import static io.compresso.kernel.jit.x86.Instruction.VPERMPD;
import static io.compresso.kernel.jit.x86.Instruction.VPERMT2PS;
import static io.compresso.kernel.jit.x86.Instruction.VPMAXSB;
import static io.compresso.kernel.jit.x86.Instruction.VPMAXSD;
import static io.compresso.kernel.jit.x86.Instruction.VPMAXUB;
import static io.compresso.kernel.jit.x86.Instruction.VPMINSD;
import static io.compresso.kernel.jit.x86.Instruction.VPMOVB2M;
import static io.compresso.kernel.jit.x86.Instruction.VPMOVD2M;
import static io.compresso.kernel.jit.x86.Instruction.VPMOVSDB;
import static io.compresso.kernel.jit.x86.Instruction.VPMOVSXBW;
import static io.compresso.kernel.jit.x86.Instruction.VPMOVSXWD;
import static io.compresso.kernel.jit.x86.Instruction.VPMOVUSDB;
import static io.compresso.kernel.jit.x86.Instruction.VPMOVZXBW;
import static io.compresso.kernel.jit.x86.Instruction.VPSHUFB;
import static io.compresso.kernel.jit.x86.Instruction.VPSUBW;
import static io.compresso.kernel.jit.x86.Instruction.VPUNPCKHBW;
import static io.compresso.kernel.jit.x86.Instruction.VPUNPCKHDQ;
import static io.compresso.kernel.jit.x86.Instruction.VPUNPCKHQDQ;
import static io.compresso.kernel.jit.x86.Instruction.VPUNPCKHWD;
import static io.compresso.kernel.jit.x86.Instruction.VPUNPCKLBW;
import static io.compresso.kernel.jit.x86.Instruction.VPUNPCKLDQ;
import static io.compresso.kernel.jit.x86.Instruction.VPUNPCKLQDQ;
import static io.compresso.kernel.jit.x86.Instruction.VPUNPCKLWD;
import static io.compresso.kernel.jit.x86.Instruction.VSHUFPS;
import static io.compresso.kernel.jit.x86.Instruction.VSQRTPS;

/** The instructions of the memory-bound kernels: comparisons, blends, unpacking, narrow types. */
final class ElementAssembler extends Assembler {
  /** Predicates of comparisons; all but {@code UNORDERED} are false for NaN. */
  enum Predicate {
    EQUAL(0),
    LESS(1),
    LESS_OR_EQUAL(2),
    UNORDERED(3),
    GREATER_OR_EQUAL(13),
    GREATER(14);

    private final int code;

    Predicate(int code) {
      this.code = code;
    }
  }

  /** Directions of rounding. */
  enum Rounding {
    NEAREST,
    DOWN,
    UP
  }

  // General registers

  void cmp(Gpr left, Gpr right) {
    rexW(right.ordinal(), left.ordinal());
    code.int8(0x39);
    modRm(right.ordinal(), left.ordinal());
  }

  void add(Gpr target, Mem source) {
    rexW(target.ordinal(), source);
    code.int8(0x03);
    modRm(target.ordinal(), source);
  }

  /** Loads a byte, sign-extended. */
  void movsxByte(Gpr target, Mem source) {
    rexW(target.ordinal(), source);
    code.int8(0x0F);
    code.int8(0xBE);
    modRm(target.ordinal(), source);
  }

  /** Loads 16 bits, zero-extended. */
  void movzxWord(Gpr target, Mem source) {
    rexW(target.ordinal(), source);
    code.int8(0x0F);
    code.int8(0xB7);
    modRm(target.ordinal(), source);
  }

  void xor(Gpr target, Gpr source) {
    rexW(source.ordinal(), target.ordinal());
    code.int8(0x31);
    modRm(source.ordinal(), target.ordinal());
  }

  void shl(Gpr target, int bits) {
    rexW(0, target.ordinal());
    code.int8(0xC1);
    modRm(4, target.ordinal());
    code.int8(bits);
  }

  /** Keeps the lowest {@code count} bits of {@code source}. */
  void bzhi(Gpr target, Gpr source, Gpr count) {
    vexRegisters(BZHI, target.ordinal(), count.ordinal(), source.ordinal());
  }

  // Floats

  /** Single precision to double. */
  void vcvtps2pd(Vec target, Mem source) {
    vector(VCVTPS2PD, target, source);
  }

  /** Double precision to single, rounded, into half a register. */
  void vcvtpd2ps(Vec target, Vec source) {
    vector(VCVTPD2PS, target, source);
  }

  void vmulpd(Vec target, Vec left, Mem right, Modifiers modifiers) {
    vector(VMULPD, target, left, right, modifiers);
  }

  /** {@code target += left * right}. */
  void vfmadd231pd(Vec target, Vec left, Mem right, Modifiers modifiers) {
    vector(VFMADD231PD, target, left, right, modifiers);
  }

  void vsqrtps(Vec target, Vec source) {
    vector(VSQRTPS, target, source);
  }

  void vround(Vec target, Vec source, Rounding rounding) {
    round(target, source, rounding.ordinal());
  }

  /** Sets the elements of {@code target} that hold to all ones. */
  void vcmpps(Vec target, Vec left, Vec right, Predicate predicate) {
    vcmpps(target, left, right, predicate.code);
  }

  void vcmpps(Mask target, Vec left, Vec right, Predicate predicate) {
    vcmpps(target, left, right, predicate.code);
  }

  /** The elements of {@code right} where {@code mask} is set, else of {@code left}. */
  void vblendmps(Vec target, Mask mask, Vec left, Vec right) {
    vector(VBLENDMPS, target, left, right, Modifiers.merging(mask));
  }

  /** The sign bits of 32-bit elements. */
  void vpmovd2m(Mask target, Vec source) {
    vector(VPMOVD2M, Vec.xmm(target.ordinal()), source);
  }

  /** Permutes within each 128 bits: two bits of {@code order} an element. */
  void vpermilps(Vec target, Vec source, int order) {
    vector(VPERMILPS, target, source);
    code.int8(order);
  }

  /** Two elements of the left, then two of the right, within each 128 bits. */
  void vshufps(Vec target, Vec left, Vec right, int order) {
    vector(VSHUFPS, target, left, right);
    code.int8(order);
  }

  /** Permutes 64-bit elements of 256 bits. */
  void vpermpd(Vec target, Vec source, int order) {
    vector(VPERMPD, target, source);
    code.int8(order);
  }

  /** Elements of {@code target} and, after them, of {@code second} by number. */
  void vpermt2ps(Vec target, Vec indices, Vec second) {
    vector(VPERMT2PS, target, indices, second);
  }

  // Integers

  void vpand(Vec target, Vec left, Vec right) {
    vector(VPAND, target, left, right);
  }

  void vpaddw(Vec target, Vec left, Vec right) {
    vector(VPADDW, target, left, right);
  }

  void vpsubw(Vec target, Vec left, Vec right) {
    vector(VPSUBW, target, left, right);
  }

  /** The magnitudes of words. */
  void vpabsw(Vec target, Vec source) {
    vector(VPABSW, target, source);
  }

  /** Bytes of {@code source} by number, within each 128 bits; 0 where the number is negative. */
  void vpshufb(Vec target, Vec source, Mem numbers) {
    vector(VPSHUFB, target, source, numbers);
  }

  /** Adds two products of signed words to each 32 bits of the target, modulo 2^32. */
  void vpdpwssd(Vec target, Vec left, Vec right) {
    vector(VPDPWSSD, target, left, right);
  }

  /** As {@link #vpdpwssd}, with the encoding of AVX-VNNI. */
  void vpdpwssdVex(Vec target, Vec left, Vec right) {
    vector(VPDPWSSD_VEX, target, left, right);
  }

  /** Unsigned bytes to words. */
  void vpmovzxbw(Vec target, Mem source, Modifiers modifiers) {
    vector(VPMOVZXBW, target, null, source, modifiers);
  }

  /** Signed bytes to words. */
  void vpmovsxbw(Vec target, Mem source, Modifiers modifiers) {
    vector(VPMOVSXBW, target, null, source, modifiers);
  }

  void vpmaxsd(Vec target, Vec left, Vec right) {
    vector(VPMAXSD, target, left, right);
  }

  void vpminsd(Vec target, Vec left, Vec right) {
    vector(VPMINSD, target, left, right);
  }

  void vpmaxub(Vec target, Vec left, Vec right) {
    vector(VPMAXUB, target, left, right);
  }

  void vpmaxub(Vec target, Vec left, Mem right) {
    vector(VPMAXUB, target, left, right);
  }

  void vpmaxsb(Vec target, Vec left, Mem right) {
    vector(VPMAXSB, target, left, right);
  }

  void vpmaxsb(Vec target, Vec left, Vec right) {
    vector(VPMAXSB, target, left, right);
  }

  /** Sign-extends 16-bit elements to 32 bits. */
  void vpmovsxwd(Vec target, Mem source, Modifiers modifiers) {
    vector(VPMOVSXWD, target, null, source, modifiers);
  }

  /** Stores each signed 32-bit element as a signed byte, saturating. */
  void vpmovsdb(Mem target, Vec source, Modifiers modifiers) {
    vector(VPMOVSDB, source, null, target, modifiers);
  }

  /** Stores each unsigned 32-bit element as an unsigned byte, saturating. */
  void vpmovusdb(Mem target, Vec source, Modifiers modifiers) {
    vector(VPMOVUSDB, source, null, target, modifiers);
  }

  /** Signs of bytes. */
  void vpmovb2m(Mask target, Vec source) {
    vector(VPMOVB2M, Vec.xmm(target.ordinal()), source);
  }

  /** Bytes of {@code first} and, after them, of {@code second} by the numbers in the target. */
  void vpermi2b(Vec target, Vec first, Vec second) {
    vector(VPERMI2B, target, first, second);
  }

  /** The bytes of {@code right} where {@code mask} is set, else of {@code left}. */
  void vpblendmb(Vec target, Mask mask, Vec left, Vec right) {
    vector(VPBLENDMB, target, left, right, Modifiers.merging(mask));
  }

  /**
   * Interleaves elements of the halves of each 128 bits.
   *
   * @param elementBytes 1, 2, 4 or 8
   * @param high whether of the upper halves
   */
  void vpunpck(Vec target, Vec left, Vec right, int elementBytes, boolean high) {
    Instruction unpack =
        switch (elementBytes) {
          case 1 -> high ? VPUNPCKHBW : VPUNPCKLBW;
          case 2 -> high ? VPUNPCKHWD : VPUNPCKLWD;
          case 4 -> high ? VPUNPCKHDQ : VPUNPCKLDQ;
          default -> high ? VPUNPCKHQDQ : VPUNPCKLQDQ;
        };
    vector(unpack, target, left, right);
  }

  /** Stores the upper half of {@code source}. */
  void vextracti128(Mem target, Vec source) {
    vector(VEXTRACTI128, source, target);
    code.int8(1);
  }

  /** Stores the upper 64 bits of 128. */
  void vmovhps(Mem target, Vec source) {
    vector(VMOVHPS, source, target);
  }
}
