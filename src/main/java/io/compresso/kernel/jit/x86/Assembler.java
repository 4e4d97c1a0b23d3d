package io.compresso.kernel.jit.x86;

import static io.compresso.kernel.jit.x86.Instruction.LDTILECFG;
import static io.compresso.kernel.jit.x86.Instruction.SHIFT_16;
import static io.compresso.kernel.jit.x86.Instruction.SHIFT_32;
import static io.compresso.kernel.jit.x86.Instruction.TDPBF16PS;
import static io.compresso.kernel.jit.x86.Instruction.TDPBSSD;
import static io.compresso.kernel.jit.x86.Instruction.TDPBSUD;
import static io.compresso.kernel.jit.x86.Instruction.TDPBUSD;
import static io.compresso.kernel.jit.x86.Instruction.TDPBUUD;
import static io.compresso.kernel.jit.x86.Instruction.TILELOADD;
import static io.compresso.kernel.jit.x86.Instruction.TILERELEASE;
import static io.compresso.kernel.jit.x86.Instruction.TILESTORED;
import static io.compresso.kernel.jit.x86.Instruction.TILEZERO;
import static io.compresso.kernel.jit.x86.Instruction.VDPBF16PS;
import static io.compresso.kernel.jit.x86.Instruction.VEXTRACTI128;
import static io.compresso.kernel.jit.x86.Instruction.VEXTRACTI32X4;
import static io.compresso.kernel.jit.x86.Instruction.VEXTRACTI64X4;
import static io.compresso.kernel.jit.x86.Instruction.VINSERTI32X4;
import static io.compresso.kernel.jit.x86.Instruction.VINSERTI64X4;
import static io.compresso.kernel.jit.x86.Instruction.VMOVDQU8_STORE;
import static io.compresso.kernel.jit.x86.Instruction.VMOVD_STORE;
import static io.compresso.kernel.jit.x86.Instruction.VMOVQ_STORE;
import static io.compresso.kernel.jit.x86.Instruction.VMOVQ_TO_GENERAL;
import static io.compresso.kernel.jit.x86.Instruction.VPACKSSDW;
import static io.compresso.kernel.jit.x86.Instruction.VPACKSSWB;
import static io.compresso.kernel.jit.x86.Instruction.VPACKUSDW;
import static io.compresso.kernel.jit.x86.Instruction.VPACKUSWB;
import static io.compresso.kernel.jit.x86.Instruction.VPADDD;
import static io.compresso.kernel.jit.x86.Instruction.VPADDSW;
import static io.compresso.kernel.jit.x86.Instruction.VPDPBUSD;
import static io.compresso.kernel.jit.x86.Instruction.VPDPBUSD_VEX;
import static io.compresso.kernel.jit.x86.Instruction.VPERMD;
import static io.compresso.kernel.jit.x86.Instruction.VPEXTRB;
import static io.compresso.kernel.jit.x86.Instruction.VPEXTRW;
import static io.compresso.kernel.jit.x86.Instruction.VPINSRB;
import static io.compresso.kernel.jit.x86.Instruction.VPINSRW;
import static io.compresso.kernel.jit.x86.Instruction.VPMADDWD;
import static io.compresso.kernel.jit.x86.Instruction.VPMOVDB;
import static io.compresso.kernel.jit.x86.Instruction.VPMOVDW;
import static io.compresso.kernel.jit.x86.Instruction.VPMOVQD;
import static io.compresso.kernel.jit.x86.Instruction.VPMOVSXBD;
import static io.compresso.kernel.jit.x86.Instruction.VPMOVZXBD;
import static io.compresso.kernel.jit.x86.Instruction.VPMOVZXBW;
import static io.compresso.kernel.jit.x86.Instruction.VPMOVZXWD;
import static io.compresso.kernel.jit.x86.Instruction.VPMULLD;
import static io.compresso.kernel.jit.x86.Instruction.VPOR;
import static io.compresso.kernel.jit.x86.Instruction.VPSUBD;
import static io.compresso.kernel.jit.x86.Instruction.VPUNPCKHBW;
import static io.compresso.kernel.jit.x86.Instruction.VPUNPCKHWD;
import static io.compresso.kernel.jit.x86.Instruction.VPUNPCKLBW;
import static io.compresso.kernel.jit.x86.Instruction.VPUNPCKLWD;
import static io.compresso.kernel.jit.x86.Instruction.VPXOR;

import io.compresso.kernel.jit.CodeBuffer.Label;

/** The instructions that the kernels use, by their names in Intel's manual, destination first. */
class Assembler extends VectorAssembler {
  /** Conditions of jumps. */
  enum Condition {
    EQUAL(0x4),
    NOT_EQUAL(0x5),
    LESS(0xC),
    GREATER_OR_EQUAL(0xD);

    private final int code;

    Condition(int code) {
      this.code = code;
    }
  }

  /** The predicate of comparisons: neither is NaN. */
  static final int ORDERED = 7;

  byte[] toBytes() {
    return code.toBytes();
  }

  /** A label bound to the next instruction. */
  Label here() {
    Label label = new Label();
    code.bind(label);
    return label;
  }

  void bind(Label label) {
    code.bind(label);
  }

  // Jumps

  void ret() {
    code.int8(0xC3);
  }

  void jump(Condition condition, Label target) {
    code.int8(0x0F);
    code.int8(0x80 | condition.code);
    code.relative32(target);
  }

  void jmp(Label target) {
    code.int8(0xE9);
    code.relative32(target);
  }

  // Integers

  void vpxor(Vec target, Vec left, Vec right) {
    vector(VPXOR, target, left, right);
  }

  void vpor(Vec target, Vec left, Vec right) {
    vector(VPOR, target, left, right);
  }

  /** Shifts 32-bit elements left. */
  void vpslld(Vec target, Vec source, int bits) {
    shift(SHIFT_32, 6, target, source, bits);
  }

  /** Shifts 32-bit elements right, zeroes in. */
  void vpsrld(Vec target, Vec source, int bits) {
    shift(SHIFT_32, 2, target, source, bits);
  }

  /** Shifts 32-bit elements right, sign bits in. */
  void vpsrad(Vec target, Vec source, int bits) {
    shift(SHIFT_32, 4, target, source, bits);
  }

  void vpaddd(Vec target, Vec left, Vec right) {
    vector(VPADDD, target, left, right);
  }

  void vpaddd(Vec target, Vec left, Mem right, Modifiers modifiers) {
    vector(VPADDD, target, left, right, modifiers);
  }

  void vpsubd(Vec target, Vec left, Vec right) {
    vector(VPSUBD, target, left, right);
  }

  void vpsubd(Vec target, Vec left, Mem right) {
    vector(VPSUBD, target, left, right);
  }

  /** Adds signed 16-bit elements, saturating. */
  void vpaddsw(Vec target, Vec left, Vec right) {
    vector(VPADDSW, target, left, right);
  }

  /** The 32-bit elements of {@code source} whose numbers are in {@code indices}. */
  void vpermd(Vec target, Vec indices, Vec source) {
    vector(VPERMD, target, indices, source);
  }

  /** The low halves of products of 32-bit elements. */
  void vpmulld(Vec target, Vec left, Vec right) {
    vector(VPMULLD, target, left, right);
  }

  /** Shifts 16-bit elements left. */
  void vpsllw(Vec target, Vec source, int bits) {
    shift(SHIFT_16, 6, target, source, bits);
  }

  /** Shifts 16-bit elements right, zeroes in. */
  void vpsrlw(Vec target, Vec source, int bits) {
    shift(SHIFT_16, 2, target, source, bits);
  }

  /** Shifts 16-bit elements right, sign bits in. */
  void vpsraw(Vec target, Vec source, int bits) {
    shift(SHIFT_16, 4, target, source, bits);
  }

  private void shift(Instruction shift, int extension, Vec target, Vec source, int bits) {
    vector(shift, new Vec(extension, target.length()), target, source);
    code.int8(bits);
  }

  /** Products of 16-bit elements, added in pairs. */
  void vpmaddwd(Vec target, Vec left, Vec right) {
    vector(VPMADDWD, target, left, right);
  }

  /** Adds to each 32-bit element four products of unsigned bytes with signed bytes. */
  void vpdpbusd(Vec target, Vec unsigned, Vec signed) {
    vector(VPDPBUSD, target, unsigned, signed);
  }

  /** Adds to each 32-bit element four products of unsigned bytes with signed bytes. */
  void vpdpbusd(Vec target, Vec unsigned, Mem signed) {
    vector(VPDPBUSD, target, unsigned, signed);
  }

  /** Interleaves the bytes of the low halves; within each 128 bits. */
  void vpunpcklbw(Vec target, Vec left, Vec right) {
    vector(VPUNPCKLBW, target, left, right);
  }

  /** Interleaves the bytes of the high halves; within each 128 bits. */
  void vpunpckhbw(Vec target, Vec left, Vec right) {
    vector(VPUNPCKHBW, target, left, right);
  }

  /** Interleaves the 16-bit elements of the low halves; within each 128 bits. */
  void vpunpcklwd(Vec target, Vec left, Vec right) {
    vector(VPUNPCKLWD, target, left, right);
  }

  /** Interleaves the 16-bit elements of the high halves; within each 128 bits. */
  void vpunpckhwd(Vec target, Vec left, Vec right) {
    vector(VPUNPCKHWD, target, left, right);
  }

  /** As {@link #vpdpbusd(Vec, Vec, Vec)}, in the encoding of AVX-VNNI. */
  void vpdpbusdVex(Vec target, Vec unsigned, Vec signed) {
    vector(VPDPBUSD_VEX, target, unsigned, signed);
  }

  /** Adds to each float two products of bfloat16 elements. */
  void vdpbf16ps(Vec target, Vec left, Vec right) {
    vector(VDPBF16PS, target, left, right);
  }

  // Widening, narrowing and moves of integers

  /** Sign-extends bytes to 32 bits. */
  void vpmovsxbd(Vec target, Mem source, Modifiers modifiers) {
    vector(VPMOVSXBD, target, null, source, modifiers);
  }

  /** Sign-extends bytes to 32 bits. */
  void vpmovsxbd(Vec target, Vec source) {
    vector(VPMOVSXBD, target, source);
  }

  /** Zero-extends bytes to 32 bits. */
  void vpmovzxbd(Vec target, Vec source) {
    vector(VPMOVZXBD, target, source);
  }

  /** Zero-extends bytes to 16 bits. */
  void vpmovzxbw(Vec target, Mem source) {
    vector(VPMOVZXBW, target, source);
  }

  /** Zero-extends bytes to 16 bits. */
  void vpmovzxbw(Vec target, Vec source) {
    vector(VPMOVZXBW, target, source);
  }

  /** Zero-extends bytes to 32 bits. */
  void vpmovzxbd(Vec target, Mem source, Modifiers modifiers) {
    vector(VPMOVZXBD, target, null, source, modifiers);
  }

  /** Zero-extends 16-bit elements to 32 bits. */
  void vpmovzxwd(Vec target, Vec source) {
    vector(VPMOVZXWD, target, source);
  }

  /** Zero-extends 16-bit elements to 32 bits. */
  void vpmovzxwd(Vec target, Mem source, Modifiers modifiers) {
    vector(VPMOVZXWD, target, null, source, modifiers);
  }

  /** Stores the upper half of {@code source}. */
  void vextracti128(Vec target, Vec source) {
    vector(VEXTRACTI128, source, target);
    code.int8(1);
  }

  /** Stores a quarter of {@code source}. */
  void vextracti32x4(Mem target, Vec source, int quarter) {
    vector(VEXTRACTI32X4, source, target);
    code.int8(quarter);
  }

  /** Copies a quarter of {@code source}. */
  void vextracti32x4(Vec target, Vec source, int quarter) {
    vector(VEXTRACTI32X4, source, target);
    code.int8(quarter);
  }

  /** Stores the upper half of {@code source}. */
  void vextracti64x4(Mem target, Vec source) {
    vector(VEXTRACTI64X4, source, target);
    code.int8(1);
  }

  /** Copies the upper half of {@code source}. */
  void vextracti64x4(Vec target, Vec source) {
    vector(VEXTRACTI64X4, source, target);
    code.int8(1);
  }

  /** Copies {@code left} with the given quarter replaced. */
  void vinserti32x4(Vec target, Vec left, Mem source, int quarter) {
    vector(VINSERTI32X4, target, left, source);
    code.int8(quarter);
  }

  /** Copies {@code left} with the upper half replaced. */
  void vinserti64x4(Vec target, Vec left, Mem source) {
    vector(VINSERTI64X4, target, left, source);
    code.int8(1);
  }

  /** Stores bytes. */
  void vmovdqu8(Mem target, Vec source, Modifiers modifiers) {
    vector(VMOVDQU8_STORE, source, null, target, modifiers);
  }

  /** Stores the low 64 bits. */
  void vmovq(Mem target, Vec source) {
    vector(VMOVQ_STORE, source, target);
  }

  /** Stores the low 32 bits. */
  void vmovd(Mem target, Vec source) {
    vector(VMOVD_STORE, source, target);
  }

  /** Replaces one byte. */
  void vpinsrb(Vec target, Mem source, int index) {
    vector(VPINSRB, target, target, source);
    code.int8(index);
  }

  /** Replaces one 16-bit element. */
  void vpinsrw(Vec target, Mem source, int index) {
    vector(VPINSRW, target, target, source);
    code.int8(index);
  }

  /** Stores one byte. */
  void vpextrb(Mem target, Vec source, int index) {
    vector(VPEXTRB, source, target);
    code.int8(index);
  }

  /** Stores one 16-bit element. */
  void vpextrw(Mem target, Vec source, int index) {
    vector(VPEXTRW, source, target);
    code.int8(index);
  }

  /** Narrows 32-bit elements to 16 bits, saturating; within each 128 bits. */
  void vpackssdw(Vec target, Vec left, Vec right) {
    vector(VPACKSSDW, target, left, right);
  }

  /** Narrows 32-bit elements to unsigned 16 bits, saturating; within each 128 bits. */
  void vpackusdw(Vec target, Vec left, Vec right) {
    vector(VPACKUSDW, target, left, right);
  }

  /** Narrows signed 16-bit elements to unsigned bytes, saturating; within each 128 bits. */
  void vpackuswb(Vec target, Vec left, Vec right) {
    vector(VPACKUSWB, target, left, right);
  }

  /** Narrows 16-bit elements to signed bytes, saturating; within each 128 bits. */
  void vpacksswb(Vec target, Vec left, Vec right) {
    vector(VPACKSSWB, target, left, right);
  }

  /** Copies the low 64 bits. */
  void vmovq(Gpr target, Vec source) {
    vector(VMOVQ_TO_GENERAL, source, Vec.xmm(target.ordinal()));
  }

  /** Stores the low half of each 64-bit element. */
  void vpmovqd(Mem target, Vec source, Modifiers modifiers) {
    vector(VPMOVQD, source, null, target, modifiers);
  }

  /** Stores the low half of each 32-bit element. */
  void vpmovdw(Mem target, Vec source, Modifiers modifiers) {
    vector(VPMOVDW, source, null, target, modifiers);
  }

  /** Stores the low byte of each 32-bit element. */
  void vpmovdb(Mem target, Vec source, Modifiers modifiers) {
    vector(VPMOVDB, source, null, target, modifiers);
  }

  // AMX

  /** Sets the shapes of the tiles; overwrites {@code scratch}. */
  void configureTiles(TileConfiguration configuration, Gpr scratch) {
    mov(scratch, configuration.address());
    ldtilecfg(Mem.at(scratch));
  }

  void ldtilecfg(Mem configuration) {
    vexMemory(LDTILECFG, 0, configuration, false);
  }

  void tilerelease() {
    vexRegisters(TILERELEASE, 0, 0, 0);
  }

  void tilezero(Tile target) {
    vexRegisters(TILEZERO, target.ordinal(), 0, 0);
  }

  void tileloadd(Tile target, Mem source) {
    vexMemory(TILELOADD, target.ordinal(), source, true);
  }

  void tilestored(Mem target, Tile source) {
    vexMemory(TILESTORED, source.ordinal(), target, true);
  }

  /** Sums of products of unsigned bytes with signed bytes. */
  void tdpbusd(Tile target, Tile left, Tile right) {
    tiles(TDPBUSD, target, left, right);
  }

  /** Sums of products of signed bytes. */
  void tdpbssd(Tile target, Tile left, Tile right) {
    tiles(TDPBSSD, target, left, right);
  }

  /** Sums of products of signed bytes with unsigned bytes. */
  void tdpbsud(Tile target, Tile left, Tile right) {
    tiles(TDPBSUD, target, left, right);
  }

  /** Sums of products of unsigned bytes. */
  void tdpbuud(Tile target, Tile left, Tile right) {
    tiles(TDPBUUD, target, left, right);
  }

  /** Sums of products of bfloat16 pairs. */
  void tdpbf16ps(Tile target, Tile left, Tile right) {
    tiles(TDPBF16PS, target, left, right);
  }

  private void tiles(Instruction product, Tile target, Tile left, Tile right) {
    vexRegisters(product, target.ordinal(), right.ordinal(), left.ordinal());
  }
}
