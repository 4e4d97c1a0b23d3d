package io.compresso.kernel.jit.x86;

import static io.compresso.kernel.jit.x86.Instruction.KMOVD;
import static io.compresso.kernel.jit.x86.Instruction.KMOVQ;
import static io.compresso.kernel.jit.x86.Instruction.KMOVQ_LOAD;
import static io.compresso.kernel.jit.x86.Instruction.KMOVW_LOAD;
import static io.compresso.kernel.jit.x86.Instruction.VADDPS;
import static io.compresso.kernel.jit.x86.Instruction.VANDPS;
import static io.compresso.kernel.jit.x86.Instruction.VBLENDVPS;
import static io.compresso.kernel.jit.x86.Instruction.VBROADCASTSS;
import static io.compresso.kernel.jit.x86.Instruction.VCMPPS;
import static io.compresso.kernel.jit.x86.Instruction.VCMPPS_TO_MASK;
import static io.compresso.kernel.jit.x86.Instruction.VCVTDQ2PS;
import static io.compresso.kernel.jit.x86.Instruction.VCVTNEPS2BF16;
import static io.compresso.kernel.jit.x86.Instruction.VCVTPH2PS;
import static io.compresso.kernel.jit.x86.Instruction.VCVTPS2DQ;
import static io.compresso.kernel.jit.x86.Instruction.VCVTPS2PH;
import static io.compresso.kernel.jit.x86.Instruction.VDIVPS;
import static io.compresso.kernel.jit.x86.Instruction.VFMADD213PS;
import static io.compresso.kernel.jit.x86.Instruction.VFMADD231PS;
import static io.compresso.kernel.jit.x86.Instruction.VFNMADD231PS;
import static io.compresso.kernel.jit.x86.Instruction.VMASKMOVPS_LOAD;
import static io.compresso.kernel.jit.x86.Instruction.VMASKMOVPS_STORE;
import static io.compresso.kernel.jit.x86.Instruction.VMAXPS;
import static io.compresso.kernel.jit.x86.Instruction.VMINPS;
import static io.compresso.kernel.jit.x86.Instruction.VMOVAPS;
import static io.compresso.kernel.jit.x86.Instruction.VMOVDQU16_LOAD;
import static io.compresso.kernel.jit.x86.Instruction.VMOVDQU8_LOAD;
import static io.compresso.kernel.jit.x86.Instruction.VMOVD_LOAD;
import static io.compresso.kernel.jit.x86.Instruction.VMOVUPS_LOAD;
import static io.compresso.kernel.jit.x86.Instruction.VMOVUPS_STORE;
import static io.compresso.kernel.jit.x86.Instruction.VMULPS;
import static io.compresso.kernel.jit.x86.Instruction.VORPS;
import static io.compresso.kernel.jit.x86.Instruction.VPBROADCASTD;
import static io.compresso.kernel.jit.x86.Instruction.VRNDPS;
import static io.compresso.kernel.jit.x86.Instruction.VRNDSCALEPS;
import static io.compresso.kernel.jit.x86.Instruction.VSCALEFPS;
import static io.compresso.kernel.jit.x86.Instruction.VSHUFF32X4;
import static io.compresso.kernel.jit.x86.Instruction.VSUBPS;
import static io.compresso.kernel.jit.x86.Instruction.VUNPCKHPD;
import static io.compresso.kernel.jit.x86.Instruction.VUNPCKHPS;
import static io.compresso.kernel.jit.x86.Instruction.VUNPCKLPD;
import static io.compresso.kernel.jit.x86.Instruction.VUNPCKLPS;
import static io.compresso.kernel.jit.x86.Instruction.VXORPS;

/** Moves, shuffles, arithmetic and conversions of floats; loads of masks. */
abstract class VectorAssembler extends GeneralAssembler {
  // Moves

  void vmovups(Vec target, Mem source) {
    vector(VMOVUPS_LOAD, target, source);
  }

  void vmovups(Vec target, Mem source, Modifiers modifiers) {
    vector(VMOVUPS_LOAD, target, null, source, modifiers);
  }

  void vmovups(Mem target, Vec source) {
    vector(VMOVUPS_STORE, source, target);
  }

  void vmovups(Mem target, Vec source, Modifiers modifiers) {
    vector(VMOVUPS_STORE, source, null, target, modifiers);
  }

  void vmovaps(Vec target, Vec source) {
    vmovaps(target, source, Modifiers.NONE);
  }

  void vmovaps(Vec target, Vec source, Modifiers modifiers) {
    vector(VMOVAPS, target, null, source, modifiers);
  }

  /** Loads the elements whose sign bit is set in {@code mask}, zeroes the others. */
  void vmaskmovps(Vec target, Vec mask, Mem source) {
    vector(VMASKMOVPS_LOAD, target, mask, source);
  }

  /** Stores the elements whose sign bit is set in {@code mask}. */
  void vmaskmovps(Mem target, Vec mask, Vec source) {
    vector(VMASKMOVPS_STORE, source, mask, target);
  }

  void vbroadcastss(Vec target, Mem source) {
    vector(VBROADCASTSS, target, source);
  }

  void vpbroadcastd(Vec target, Mem source) {
    vector(VPBROADCASTD, target, source);
  }

  /** Copies the first element to all. */
  void vbroadcastss(Vec target, Vec source) {
    vector(VBROADCASTSS, target, source);
  }

  /** Copies the low 32 bits of a general register to the first element. */
  void vmovd(Vec target, Gpr source) {
    vector(VMOVD_LOAD, target, Vec.xmm(source.ordinal()));
  }

  void kmovw(Mask target, Mem source) {
    vexMemory(KMOVW_LOAD, target.ordinal(), source, false);
  }

  void kmovd(Mask target, Gpr source) {
    vexRegisters(KMOVD, target.ordinal(), 0, source.ordinal());
  }

  /** Loads bytes. */
  void vmovdqu8(Vec target, Mem source, Modifiers modifiers) {
    vector(VMOVDQU8_LOAD, target, null, source, modifiers);
  }

  void kmovq(Mask target, Gpr source) {
    vexRegisters(KMOVQ, target.ordinal(), 0, source.ordinal());
  }

  /** Loads 16-bit elements. */
  void vmovdqu16(Vec target, Mem source, Modifiers modifiers) {
    vector(VMOVDQU16_LOAD, target, null, source, modifiers);
  }

  void kmovq(Mask target, Mem source) {
    vexMemory(KMOVQ_LOAD, target.ordinal(), source, false);
  }

  void vzeroupper() {
    code.int8(0xC5);
    code.int8(0xF8);
    code.int8(0x77);
  }

  // Shuffles

  /** Interleaves the low halves of each 128 bits. */
  void vunpcklps(Vec target, Vec left, Vec right) {
    vector(VUNPCKLPS, target, left, right);
  }

  /** Interleaves the high halves of each 128 bits. */
  void vunpckhps(Vec target, Vec left, Vec right) {
    vector(VUNPCKHPS, target, left, right);
  }

  /** Joins the low 64 bits of each 128. */
  void vunpcklpd(Vec target, Vec left, Vec right) {
    vector(VUNPCKLPD, target, left, right);
  }

  /** Joins the high 64 bits of each 128. */
  void vunpckhpd(Vec target, Vec left, Vec right) {
    vector(VUNPCKHPD, target, left, right);
  }

  /** Two 128-bit lanes of {@code left} and two of {@code right}, each named by two bits. */
  void vshuff32x4(Vec target, Vec left, Vec right, int lanes) {
    vshuff32x4(target, left, right, lanes, Modifiers.NONE);
  }

  void vshuff32x4(Vec target, Vec left, Vec right, int lanes, Modifiers modifiers) {
    vector(VSHUFF32X4, target, left, right, modifiers);
    code.int8(lanes);
  }

  // Arithmetic

  void vxorps(Vec target, Vec left, Vec right) {
    vector(VXORPS, target, left, right);
  }

  void vxorps(Vec target, Vec left, Mem right, Modifiers modifiers) {
    vector(VXORPS, target, left, right, modifiers);
  }

  void vandps(Vec target, Vec left, Vec right) {
    vector(VANDPS, target, left, right);
  }

  void vandps(Vec target, Vec left, Mem right, Modifiers modifiers) {
    vector(VANDPS, target, left, right, modifiers);
  }

  void vorps(Vec target, Vec left, Vec right) {
    vector(VORPS, target, left, right);
  }

  void vaddps(Vec target, Vec left, Vec right) {
    vector(VADDPS, target, left, right);
  }

  void vaddps(Vec target, Vec left, Mem right) {
    vector(VADDPS, target, left, right);
  }

  void vaddps(Vec target, Vec left, Mem right, Modifiers modifiers) {
    vector(VADDPS, target, left, right, modifiers);
  }

  void vsubps(Vec target, Vec left, Vec right) {
    vector(VSUBPS, target, left, right);
  }

  void vsubps(Vec target, Vec left, Mem right, Modifiers modifiers) {
    vector(VSUBPS, target, left, right, modifiers);
  }

  void vdivps(Vec target, Vec left, Vec right) {
    vector(VDIVPS, target, left, right);
  }

  /** Sets the bits of the elements of which {@code predicate} holds. */
  void vcmpps(Mask target, Vec left, Vec right, int predicate) {
    vector(VCMPPS_TO_MASK, new Vec(target.ordinal(), left.length()), left, right);
    code.int8(predicate);
  }

  /** Sets all bits of the elements of which {@code predicate} holds. */
  void vcmpps(Vec target, Vec left, Vec right, int predicate) {
    vector(VCMPPS, target, left, right);
    code.int8(predicate);
  }

  /**
   * The elements of {@code set} where the sign bit of {@code selector} is set, or of {@code left}.
   */
  void vblendvps(Vec target, Vec left, Vec set, Vec selector) {
    vector(VBLENDVPS, target, left, set);
    code.int8(selector.number() << 4);
  }

  /** {@code target = left * 2^floor(right)}. */
  void vscalefps(Vec target, Vec left, Vec right) {
    vector(VSCALEFPS, target, left, right);
  }

  void vmulps(Vec target, Vec left, Vec right) {
    vector(VMULPS, target, left, right);
  }

  void vmulps(Vec target, Vec left, Mem right, Modifiers modifiers) {
    vector(VMULPS, target, left, right, modifiers);
  }

  /** The lesser elements; where one is NaN, that of {@code right}. */
  void vminps(Vec target, Vec left, Vec right) {
    vector(VMINPS, target, left, right);
  }

  /** The lesser elements; where one is NaN, that of {@code right}. */
  void vminps(Vec target, Vec left, Mem right) {
    vector(VMINPS, target, left, right);
  }

  /** The greater elements; where one is NaN, that of {@code right}. */
  void vmaxps(Vec target, Vec left, Mem right) {
    vector(VMAXPS, target, left, right);
  }

  /** The greater elements; where one is NaN, that of {@code right}. */
  void vmaxps(Vec target, Vec left, Vec right) {
    vector(VMAXPS, target, left, right);
  }

  /** {@code target += left * right}. */
  void vfmadd231ps(Vec target, Vec left, Vec right) {
    vector(VFMADD231PS, target, left, right);
  }

  /** {@code target += left * right}. */
  void vfmadd231ps(Vec target, Vec left, Mem right, Modifiers modifiers) {
    vector(VFMADD231PS, target, left, right, modifiers);
  }

  /** Rounds to integers, halves to even. */
  void vrndps(Vec target, Vec source) {
    round(target, source, 0);
  }

  /** Rounds to integers in the direction of the control bits. */
  final void round(Vec target, Vec source, int control) {
    vector(target.length() == Vec.Length.ZMM ? VRNDSCALEPS : VRNDPS, target, source);
    code.int8(control);
  }

  /** {@code target = left * target + right}. */
  void vfmadd213ps(Vec target, Vec left, Mem right, Modifiers modifiers) {
    vector(VFMADD213PS, target, left, right, modifiers);
  }

  /** {@code target = left * target + right}. */
  void vfmadd213ps(Vec target, Vec left, Vec right) {
    vector(VFMADD213PS, target, left, right);
  }

  /** {@code target -= left * right}. */
  void vfnmadd231ps(Vec target, Vec left, Vec right) {
    vector(VFNMADD231PS, target, left, right);
  }

  /** {@code target -= left * right}. */
  void vfnmadd231ps(Vec target, Vec left, Mem right, Modifiers modifiers) {
    vector(VFNMADD231PS, target, left, right, modifiers);
  }

  // Conversions

  /** Single precision to bfloat16, half as long, halves to even; subnormal numbers become 0. */
  void vcvtneps2bf16(Vec target, Vec source) {
    vector(VCVTNEPS2BF16, target, source);
  }

  void vcvtdq2ps(Vec target, Vec source) {
    vector(VCVTDQ2PS, target, source);
  }

  /** Rounds to the nearest, halves to even, under the default control word. */
  void vcvtps2dq(Vec target, Vec source) {
    vector(VCVTPS2DQ, target, source);
  }

  /** Half precision to single. */
  void vcvtph2ps(Vec target, Mem source) {
    vector(VCVTPH2PS, target, source);
  }

  /** Half precision to single. */
  void vcvtph2ps(Vec target, Mem source, Modifiers modifiers) {
    vector(VCVTPH2PS, target, null, source, modifiers);
  }

  /** Half precision to single. */
  void vcvtph2ps(Vec target, Vec source) {
    vector(VCVTPH2PS, target, source);
  }

  /** Single precision to half, rounded by the default control word. */
  void vcvtps2ph(Mem target, Vec source) {
    vcvtps2ph(target, source, Modifiers.NONE);
  }

  /** Single precision to half, rounded by the default control word. */
  void vcvtps2ph(Mem target, Vec source, Modifiers modifiers) {
    vector(VCVTPS2PH, source, null, target, modifiers);
    code.int8(4);
  }

  /** Single precision to half, rounded by the default control word. */
  void vcvtps2ph(Vec target, Vec source) {
    vector(VCVTPS2PH, source, target);
    code.int8(4);
  }
}
