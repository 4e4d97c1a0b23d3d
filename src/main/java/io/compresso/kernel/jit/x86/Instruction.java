package io.compresso.kernel.jit.x86;

import static io.compresso.kernel.jit.x86.Instruction.Map.MAP_0F;
import static io.compresso.kernel.jit.x86.Instruction.Map.MAP_0F38;
import static io.compresso.kernel.jit.x86.Instruction.Map.MAP_0F3A;
import static io.compresso.kernel.jit.x86.Instruction.Map.MAP_6;
import static io.compresso.kernel.jit.x86.Instruction.Prefix.NO_PREFIX;
import static io.compresso.kernel.jit.x86.Instruction.Prefix.PREFIX_66;
import static io.compresso.kernel.jit.x86.Instruction.Prefix.PREFIX_F2;
import static io.compresso.kernel.jit.x86.Instruction.Prefix.PREFIX_F3;
import static io.compresso.kernel.jit.x86.Instruction.Trait.EVEX;
import static io.compresso.kernel.jit.x86.Instruction.Trait.FOUR_BYTES;
import static io.compresso.kernel.jit.x86.Instruction.Trait.HALF_VECTOR;
import static io.compresso.kernel.jit.x86.Instruction.Trait.QUARTER_VECTOR;
import static io.compresso.kernel.jit.x86.Instruction.Trait.VEX;
import static io.compresso.kernel.jit.x86.Instruction.Trait.W;
import static io.compresso.kernel.jit.x86.Instruction.Trait.W_UNDER_EVEX;

import java.util.EnumSet;
import java.util.List;
import java.util.Set;

/**
 * The instructions of vectors, masks and tiles, as Intel's manual (volume 2) lists them: prefix,
 * map, opcode, and what else their encoding depends on.
 */
enum Instruction {
  VMOVUPS_LOAD(NO_PREFIX, MAP_0F, 0x10),
  VMOVUPS_STORE(NO_PREFIX, MAP_0F, 0x11),
  VMOVAPS(NO_PREFIX, MAP_0F, 0x28),
  VMASKMOVPS_LOAD(PREFIX_66, MAP_0F38, 0x2C, VEX),
  VMASKMOVPS_STORE(PREFIX_66, MAP_0F38, 0x2E, VEX),
  VBROADCASTSS(PREFIX_66, MAP_0F38, 0x18, FOUR_BYTES),
  VPBROADCASTD(PREFIX_66, MAP_0F38, 0x58, FOUR_BYTES),
  VMOVD_LOAD(PREFIX_66, MAP_0F, 0x6E, FOUR_BYTES),
  KMOVW_LOAD(NO_PREFIX, MAP_0F, 0x90),
  KMOVD(PREFIX_F2, MAP_0F, 0x92),
  VMOVDQU8_LOAD(PREFIX_F2, MAP_0F, 0x6F, EVEX),
  KMOVQ(PREFIX_F2, MAP_0F, 0x92, W),
  VMOVDQU16_LOAD(PREFIX_F2, MAP_0F, 0x6F, W, EVEX),
  KMOVQ_LOAD(NO_PREFIX, MAP_0F, 0x90, W),
  VUNPCKLPS(NO_PREFIX, MAP_0F, 0x14),
  VUNPCKHPS(NO_PREFIX, MAP_0F, 0x15),
  VUNPCKLPD(PREFIX_66, MAP_0F, 0x14, W, EVEX),
  VUNPCKHPD(PREFIX_66, MAP_0F, 0x15, W, EVEX),
  VSHUFF32X4(PREFIX_66, MAP_0F3A, 0x23, EVEX),
  VXORPS(NO_PREFIX, MAP_0F, 0x57),
  VANDPS(NO_PREFIX, MAP_0F, 0x54),
  VORPS(NO_PREFIX, MAP_0F, 0x56),
  VADDPS(NO_PREFIX, MAP_0F, 0x58),
  VSUBPS(NO_PREFIX, MAP_0F, 0x5C),
  VDIVPS(NO_PREFIX, MAP_0F, 0x5E),
  VCMPPS_TO_MASK(NO_PREFIX, MAP_0F, 0xC2, EVEX),
  VCMPPS(NO_PREFIX, MAP_0F, 0xC2, VEX),
  VBLENDVPS(PREFIX_66, MAP_0F3A, 0x4A, VEX),
  VSCALEFPS(PREFIX_66, MAP_0F38, 0x2C, EVEX),
  VMULPS(NO_PREFIX, MAP_0F, 0x59),
  VMINPS(NO_PREFIX, MAP_0F, 0x5D),
  VMAXPS(NO_PREFIX, MAP_0F, 0x5F),
  VFMADD231PS(PREFIX_66, MAP_0F38, 0xB8),
  VFMADD213PS(PREFIX_66, MAP_0F38, 0xA8),
  VFNMADD231PS(PREFIX_66, MAP_0F38, 0xBC),
  VPXOR(PREFIX_66, MAP_0F, 0xEF),
  VPOR(PREFIX_66, MAP_0F, 0xEB),
  VPADDD(PREFIX_66, MAP_0F, 0xFE),
  VPSUBD(PREFIX_66, MAP_0F, 0xFA),
  VPADDSW(PREFIX_66, MAP_0F, 0xED),
  VPADDW(PREFIX_66, MAP_0F, 0xFD),
  VPSUBW(PREFIX_66, MAP_0F, 0xF9),
  VPERMD(PREFIX_66, MAP_0F38, 0x36),
  VPMULLD(PREFIX_66, MAP_0F38, 0x40),
  VPMADDWD(PREFIX_66, MAP_0F, 0xF5),
  VPDPBUSD(PREFIX_66, MAP_0F38, 0x50, EVEX),
  VPUNPCKLBW(PREFIX_66, MAP_0F, 0x60),
  VPUNPCKHBW(PREFIX_66, MAP_0F, 0x68),
  VPUNPCKLWD(PREFIX_66, MAP_0F, 0x61),
  VPUNPCKHWD(PREFIX_66, MAP_0F, 0x69),
  VPDPBUSD_VEX(PREFIX_66, MAP_0F38, 0x50, VEX),
  VPDPWSSD(PREFIX_66, MAP_0F38, 0x52, EVEX),
  VPDPWSSD_VEX(PREFIX_66, MAP_0F38, 0x52, VEX),
  VDPBF16PS(PREFIX_F3, MAP_0F38, 0x52, EVEX),
  VFMADD231PH(PREFIX_66, MAP_6, 0xB8, EVEX),
  VCVTNEPS2BF16(PREFIX_F3, MAP_0F38, 0x72, EVEX),
  VCVTDQ2PS(NO_PREFIX, MAP_0F, 0x5B),
  VCVTPS2DQ(PREFIX_66, MAP_0F, 0x5B),
  VCVTPH2PS(PREFIX_66, MAP_0F38, 0x13, HALF_VECTOR),
  VCVTPS2PH(PREFIX_66, MAP_0F3A, 0x1D, HALF_VECTOR),
  VPMOVSXBD(PREFIX_66, MAP_0F38, 0x21, QUARTER_VECTOR),
  VPMOVZXBD(PREFIX_66, MAP_0F38, 0x31, QUARTER_VECTOR),
  VPMOVZXBW(PREFIX_66, MAP_0F38, 0x30, HALF_VECTOR),
  VPMOVZXWD(PREFIX_66, MAP_0F38, 0x33, HALF_VECTOR),
  VPMOVSXBW(PREFIX_66, MAP_0F38, 0x20, HALF_VECTOR),
  VEXTRACTI128(PREFIX_66, MAP_0F3A, 0x39, VEX),
  VEXTRACTI32X4(PREFIX_66, MAP_0F3A, 0x39, EVEX, QUARTER_VECTOR),
  VEXTRACTI64X4(PREFIX_66, MAP_0F3A, 0x3B, W, EVEX, HALF_VECTOR),
  VINSERTI32X4(PREFIX_66, MAP_0F3A, 0x38, EVEX, QUARTER_VECTOR),
  VINSERTI64X4(PREFIX_66, MAP_0F3A, 0x3A, W, EVEX, HALF_VECTOR),
  VMOVDQU8_STORE(PREFIX_F2, MAP_0F, 0x7F, EVEX),
  VMOVQ_STORE(PREFIX_66, MAP_0F, 0xD6, VEX),
  VMOVD_STORE(PREFIX_66, MAP_0F, 0x7E, VEX),
  VPINSRB(PREFIX_66, MAP_0F3A, 0x20, VEX),
  VPINSRW(PREFIX_66, MAP_0F, 0xC4, VEX),
  VPEXTRB(PREFIX_66, MAP_0F3A, 0x14, VEX),
  VPEXTRW(PREFIX_66, MAP_0F3A, 0x15, VEX),
  VPACKSSDW(PREFIX_66, MAP_0F, 0x6B),
  VPACKUSDW(PREFIX_66, MAP_0F38, 0x2B),
  VPACKUSWB(PREFIX_66, MAP_0F, 0x67),
  VPACKSSWB(PREFIX_66, MAP_0F, 0x63),
  VMOVQ_TO_GENERAL(PREFIX_66, MAP_0F, 0x7E, W, VEX),
  VPMOVQD(PREFIX_F3, MAP_0F38, 0x35, EVEX, HALF_VECTOR),
  VPMOVDW(PREFIX_F3, MAP_0F38, 0x33, EVEX, HALF_VECTOR),
  VPMOVDB(PREFIX_F3, MAP_0F38, 0x31, EVEX, QUARTER_VECTOR),
  LDTILECFG(NO_PREFIX, MAP_0F38, 0x49),
  TILERELEASE(NO_PREFIX, MAP_0F38, 0x49),
  TILEZERO(PREFIX_F2, MAP_0F38, 0x49),
  TILELOADD(PREFIX_F2, MAP_0F38, 0x4B),
  TILESTORED(PREFIX_F3, MAP_0F38, 0x4B),
  BZHI(NO_PREFIX, MAP_0F38, 0xF5, W),
  VSQRTPS(NO_PREFIX, MAP_0F, 0x51),
  VFNMADD213PS(PREFIX_66, MAP_0F38, 0xAC),
  VBLENDMPS(PREFIX_66, MAP_0F38, 0x65, EVEX),
  VPMOVD2M(PREFIX_F3, MAP_0F38, 0x39, EVEX),
  VPERMILPS(PREFIX_66, MAP_0F3A, 0x04),
  VSHUFPS(NO_PREFIX, MAP_0F, 0xC6),
  VPERMPD(PREFIX_66, MAP_0F3A, 0x01, W, VEX),
  VPERMT2PS(PREFIX_66, MAP_0F38, 0x7F, EVEX),
  VPAND(PREFIX_66, MAP_0F, 0xDB),
  VPMAXSD(PREFIX_66, MAP_0F38, 0x3D),
  VPMINSD(PREFIX_66, MAP_0F38, 0x39),
  VPMAXUB(PREFIX_66, MAP_0F, 0xDE),
  VPMAXSB(PREFIX_66, MAP_0F38, 0x3C),
  VPSHUFB(PREFIX_66, MAP_0F38, 0x00),
  VPABSW(PREFIX_66, MAP_0F38, 0x1D),
  VPMOVSXWD(PREFIX_66, MAP_0F38, 0x23, HALF_VECTOR),
  VPMOVSDB(PREFIX_F3, MAP_0F38, 0x21, EVEX, QUARTER_VECTOR),
  VPMOVUSDB(PREFIX_F3, MAP_0F38, 0x11, EVEX, QUARTER_VECTOR),
  VPMOVB2M(PREFIX_F3, MAP_0F38, 0x29, EVEX),
  VPERMI2B(PREFIX_66, MAP_0F38, 0x75, EVEX),
  VPBLENDMB(PREFIX_66, MAP_0F38, 0x66, EVEX),
  VMOVHPS(NO_PREFIX, MAP_0F, 0x17, VEX),
  VCVTPS2PD(NO_PREFIX, MAP_0F, 0x5A, EVEX, HALF_VECTOR),
  VCVTPD2PS(PREFIX_66, MAP_0F, 0x5A, W, EVEX),
  VMULPD(PREFIX_66, MAP_0F, 0x59, W, EVEX),
  VFMADD231PD(PREFIX_66, MAP_0F38, 0xB8, W, EVEX),
  SHIFT_16(PREFIX_66, MAP_0F, 0x71),
  SHIFT_32(PREFIX_66, MAP_0F, 0x72),
  VRNDPS(PREFIX_66, MAP_0F3A, 0x08, VEX),
  VRNDSCALEPS(PREFIX_66, MAP_0F3A, 0x08, EVEX),
  TDPBUSD(PREFIX_66, MAP_0F38, 0x5E),
  TDPBSSD(PREFIX_F2, MAP_0F38, 0x5E),
  TDPBSUD(PREFIX_F3, MAP_0F38, 0x5E),
  TDPBUUD(NO_PREFIX, MAP_0F38, 0x5E),
  TDPBF16PS(PREFIX_F3, MAP_0F38, 0x5C),
  TDPFP16PS(PREFIX_F2, MAP_0F38, 0x5C),
  VPUNPCKLDQ(PREFIX_66, MAP_0F, 0x62),
  VPUNPCKHDQ(PREFIX_66, MAP_0F, 0x6A),
  VPUNPCKLQDQ(PREFIX_66, MAP_0F, 0x6C, W_UNDER_EVEX),
  VPUNPCKHQDQ(PREFIX_66, MAP_0F, 0x6D, W_UNDER_EVEX);

  /** The prefix that VEX and EVEX hold, by its number there. */
  enum Prefix {
    NO_PREFIX,
    PREFIX_66,
    PREFIX_F3,
    PREFIX_F2
  }

  /** The map of opcodes, by its number in VEX and EVEX. */
  enum Map {
    MAP_0F(1),
    MAP_0F38(2),
    MAP_0F3A(3),
    MAP_6(6);

    private final int number;

    Map(int number) {
      this.number = number;
    }
  }

  /** What not all instructions have. */
  enum Trait {
    /** The W bit is set. */
    W,
    /** The W bit is set under EVEX only. */
    W_UNDER_EVEX,
    /** Always under VEX; without this and the next, under VEX where the operands allow. */
    VEX,
    /** Always under EVEX. */
    EVEX,
    /** A displacement of 8 bits counts in halves of a vector under EVEX, and not in vectors. */
    HALF_VECTOR,
    /** It counts in quarters of a vector. */
    QUARTER_VECTOR,
    /** It counts in 4 bytes. */
    FOUR_BYTES
  }

  private final Prefix prefix;
  private final Map map;
  private final int code;
  private final Set<Trait> traits;

  Instruction(Prefix prefix, Map map, int code, Trait... traits) {
    this.prefix = prefix;
    this.map = map;
    this.code = code;
    this.traits = EnumSet.noneOf(Trait.class);
    this.traits.addAll(List.of(traits));
  }

  int prefix() {
    return prefix.ordinal();
  }

  int map() {
    return map.number;
  }

  int code() {
    return code;
  }

  boolean has(Trait trait) {
    return traits.contains(trait);
  }

  /** What a displacement of 8 bits counts in under EVEX, in bytes. */
  int unit(Vec.Length length) {
    if (has(FOUR_BYTES)) {
      return 4;
    }
    return length.bytes() / (has(HALF_VECTOR) ? 2 : has(QUARTER_VECTOR) ? 4 : 1);
  }
}
