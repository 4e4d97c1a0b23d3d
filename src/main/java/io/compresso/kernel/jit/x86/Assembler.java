package io.compresso.kernel.jit.x86;

import io.compresso.kernel.jit.CodeBuffer.Label;

/** The instructions that the kernels use, by their names in Intel's manual, destination first. */
class Assembler extends Encoder {
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

  // General registers

  void mov(Gpr target, Gpr source) {
    rexW(source.ordinal(), target.ordinal());
    code.int8(0x89);
    modRm(source.ordinal(), target.ordinal());
  }

  void mov(Gpr target, Mem source) {
    rexW(target.ordinal(), source);
    code.int8(0x8B);
    modRm(target.ordinal(), source);
  }

  void mov(Gpr target, long value) {
    if (value >= 0 && value <= Integer.MAX_VALUE) {
      rex(target.ordinal());
      code.int8(0xB8 | target.ordinal() & 7);
      code.int32((int) value);
    } else {
      rexW(0, target.ordinal());
      code.int8(0xB8 | target.ordinal() & 7);
      code.int64(value);
    }
  }

  /** Loads 32 bits, sign-extended. */
  void movsxd(Gpr target, Mem source) {
    rexW(target.ordinal(), source);
    code.int8(0x63);
    modRm(target.ordinal(), source);
  }

  void lea(Gpr target, Mem source) {
    rexW(target.ordinal(), source);
    code.int8(0x8D);
    modRm(target.ordinal(), source);
  }

  void add(Gpr target, Gpr source) {
    rexW(source.ordinal(), target.ordinal());
    code.int8(0x01);
    modRm(source.ordinal(), target.ordinal());
  }

  /**
   * Adds a constant; nothing is emitted for 0.
   *
   * @throws ArithmeticException if it does not fit into 32 bits
   */
  void add(Gpr target, long value) {
    if (value != 0) {
      immediate(0, target, Math.toIntExact(value));
    }
  }

  void and(Gpr target, long value) {
    immediate(4, target, Math.toIntExact(value));
  }

  void cmp(Gpr left, long right) {
    immediate(7, left, Math.toIntExact(right));
  }

  private void immediate(int extension, Gpr target, int value) {
    rexW(0, target.ordinal());
    if (value >= -128 && value <= 127) {
      code.int8(0x83);
      modRm(extension, target.ordinal());
      code.int8(value);
    } else {
      code.int8(0x81);
      modRm(extension, target.ordinal());
      code.int32(value);
    }
  }

  void mov(Mem target, Gpr source) {
    rexW(source.ordinal(), target);
    code.int8(0x89);
    modRm(source.ordinal(), target);
  }

  /** Stores the low byte of {@code source}, which must be one of the first four registers. */
  void movByte(Mem target, Gpr source) {
    rex(source.ordinal(), target);
    code.int8(0x88);
    modRm(source.ordinal(), target);
  }

  void shr(Gpr target, int bits) {
    rexW(0, target.ordinal());
    code.int8(0xC1);
    modRm(5, target.ordinal());
    code.int8(bits);
  }

  void dec(Gpr target) {
    rexW(0, target.ordinal());
    code.int8(0xFF);
    modRm(1, target.ordinal());
  }

  void dec(Mem target) {
    rexW(1, target);
    code.int8(0xFF);
    modRm(1, target);
  }

  /** Loads a byte, zero-extended. */
  void movzxByte(Gpr target, Mem source) {
    rexW(target.ordinal(), source);
    code.int8(0x0F);
    code.int8(0xB6);
    modRm(target.ordinal(), source);
  }

  /** Zero-extends the low byte. */
  void movzxByte(Gpr target, Gpr source) {
    rexW(target.ordinal(), source.ordinal());
    code.int8(0x0F);
    code.int8(0xB6);
    modRm(target.ordinal(), source.ordinal());
  }

  /** Stores the low 16 bits of {@code source}. */
  void movWord(Mem target, Gpr source) {
    code.int8(0x66);
    rex(source.ordinal(), target);
    code.int8(0x89);
    modRm(source.ordinal(), target);
  }

  void sub(Gpr target, Gpr source) {
    rexW(source.ordinal(), target.ordinal());
    code.int8(0x29);
    modRm(source.ordinal(), target.ordinal());
  }

  void test(Gpr left, Gpr right) {
    rexW(right.ordinal(), left.ordinal());
    code.int8(0x85);
    modRm(right.ordinal(), left.ordinal());
  }

  void push(Gpr source) {
    rex(source.ordinal());
    code.int8(0x50 | source.ordinal() & 7);
  }

  void pop(Gpr target) {
    rex(target.ordinal());
    code.int8(0x58 | target.ordinal() & 7);
  }

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

  void prefetcht0(Mem address) {
    rex(0, address);
    code.int8(0x0F);
    code.int8(0x18);
    modRm(1, address);
  }

  /** Brings a line into the second level of the cache. */
  void prefetcht1(Mem address) {
    rex(0, address);
    code.int8(0x0F);
    code.int8(0x18);
    modRm(2, address);
  }

  // Moves

  private static final Opcode LOAD_FLOATS = Opcode.of(NO_PREFIX, MAP_0F, 0x10);
  private static final Opcode STORE_FLOATS = Opcode.of(NO_PREFIX, MAP_0F, 0x11);

  void vmovups(Vec target, Mem source) {
    vector(LOAD_FLOATS, target, null, source, Modifiers.NONE);
  }

  void vmovups(Vec target, Mem source, Modifiers modifiers) {
    vector(LOAD_FLOATS, target, null, source, modifiers);
  }

  void vmovups(Mem target, Vec source) {
    vector(STORE_FLOATS, source, null, target, Modifiers.NONE);
  }

  void vmovups(Mem target, Vec source, Modifiers modifiers) {
    vector(STORE_FLOATS, source, null, target, modifiers);
  }

  void vmovaps(Vec target, Vec source) {
    vmovaps(target, source, Modifiers.NONE);
  }

  void vmovaps(Vec target, Vec source, Modifiers modifiers) {
    vector(Opcode.of(NO_PREFIX, MAP_0F, 0x28), target, null, source, modifiers);
  }

  /** Loads the elements whose sign bit is set in {@code mask}, zeroes the others. */
  void vmaskmovps(Vec target, Vec mask, Mem source) {
    vector(
        Opcode.of(PREFIX_66, MAP_0F38, 0x2C).only(Form.VEX), target, mask, source, Modifiers.NONE);
  }

  /** Stores the elements whose sign bit is set in {@code mask}. */
  void vmaskmovps(Mem target, Vec mask, Vec source) {
    vector(
        Opcode.of(PREFIX_66, MAP_0F38, 0x2E).only(Form.VEX), source, mask, target, Modifiers.NONE);
  }

  void vbroadcastss(Vec target, Mem source) {
    vector(
        Opcode.of(PREFIX_66, MAP_0F38, 0x18).in(Unit.FOUR_BYTES),
        target,
        null,
        source,
        Modifiers.NONE);
  }

  void vpbroadcastd(Vec target, Mem source) {
    vector(
        Opcode.of(PREFIX_66, MAP_0F38, 0x58).in(Unit.FOUR_BYTES),
        target,
        null,
        source,
        Modifiers.NONE);
  }

  /** Copies the first element to all. */
  void vbroadcastss(Vec target, Vec source) {
    vector(Opcode.of(PREFIX_66, MAP_0F38, 0x18), target, null, source, Modifiers.NONE);
  }

  /** Copies the low 32 bits of a general register to the first element. */
  void vmovd(Vec target, Gpr source) {
    vector(
        Opcode.of(PREFIX_66, MAP_0F, 0x6E).in(Unit.FOUR_BYTES),
        target,
        null,
        Vec.xmm(source.ordinal()),
        Modifiers.NONE);
  }

  void kmovw(Mask target, Mem source) {
    vexMemory(Opcode.of(NO_PREFIX, MAP_0F, 0x90), target.ordinal(), source, false);
  }

  void kmovd(Mask target, Gpr source) {
    vexRegisters(Opcode.of(PREFIX_F2, MAP_0F, 0x92), target.ordinal(), 0, source.ordinal());
  }

  /** Loads bytes. */
  void vmovdqu8(Vec target, Mem source, Modifiers modifiers) {
    vector(Opcode.of(PREFIX_F2, MAP_0F, 0x6F).only(Form.EVEX), target, null, source, modifiers);
  }

  void kmovq(Mask target, Gpr source) {
    vexRegisters(Opcode.of(PREFIX_F2, MAP_0F, 0x92).wide(), target.ordinal(), 0, source.ordinal());
  }

  /** Loads 16-bit elements. */
  void vmovdqu16(Vec target, Mem source, Modifiers modifiers) {
    vector(
        Opcode.of(PREFIX_F2, MAP_0F, 0x6F).wide().only(Form.EVEX), target, null, source, modifiers);
  }

  void kmovq(Mask target, Mem source) {
    vexMemory(Opcode.of(NO_PREFIX, MAP_0F, 0x90).wide(), target.ordinal(), source, false);
  }

  void vzeroupper() {
    code.int8(0xC5);
    code.int8(0xF8);
    code.int8(0x77);
  }

  // Shuffles

  /** Interleaves the low halves of each 128 bits. */
  void vunpcklps(Vec target, Vec left, Vec right) {
    vector(Opcode.of(NO_PREFIX, MAP_0F, 0x14), target, left, right, Modifiers.NONE);
  }

  /** Interleaves the high halves of each 128 bits. */
  void vunpckhps(Vec target, Vec left, Vec right) {
    vector(Opcode.of(NO_PREFIX, MAP_0F, 0x15), target, left, right, Modifiers.NONE);
  }

  /** Joins the low 64 bits of each 128. */
  void vunpcklpd(Vec target, Vec left, Vec right) {
    vector(
        Opcode.of(PREFIX_66, MAP_0F, 0x14).wide().only(Form.EVEX),
        target,
        left,
        right,
        Modifiers.NONE);
  }

  /** Joins the high 64 bits of each 128. */
  void vunpckhpd(Vec target, Vec left, Vec right) {
    vector(
        Opcode.of(PREFIX_66, MAP_0F, 0x15).wide().only(Form.EVEX),
        target,
        left,
        right,
        Modifiers.NONE);
  }

  /** Two 128-bit lanes of {@code left} and two of {@code right}, each named by two bits. */
  void vshuff32x4(Vec target, Vec left, Vec right, int lanes) {
    vector(
        Opcode.of(PREFIX_66, MAP_0F3A, 0x23).only(Form.EVEX), target, left, right, Modifiers.NONE);
    code.int8(lanes);
  }

  // Float arithmetic

  void vxorps(Vec target, Vec left, Vec right) {
    vector(Opcode.of(NO_PREFIX, MAP_0F, 0x57), target, left, right, Modifiers.NONE);
  }

  void vxorps(Vec target, Vec left, Mem right, Modifiers modifiers) {
    vector(Opcode.of(NO_PREFIX, MAP_0F, 0x57), target, left, right, modifiers);
  }

  void vandps(Vec target, Vec left, Vec right) {
    vector(Opcode.of(NO_PREFIX, MAP_0F, 0x54), target, left, right, Modifiers.NONE);
  }

  void vandps(Vec target, Vec left, Mem right, Modifiers modifiers) {
    vector(Opcode.of(NO_PREFIX, MAP_0F, 0x54), target, left, right, modifiers);
  }

  void vorps(Vec target, Vec left, Vec right) {
    vector(Opcode.of(NO_PREFIX, MAP_0F, 0x56), target, left, right, Modifiers.NONE);
  }

  void vaddps(Vec target, Vec left, Vec right) {
    vector(Opcode.of(NO_PREFIX, MAP_0F, 0x58), target, left, right, Modifiers.NONE);
  }

  void vaddps(Vec target, Vec left, Mem right) {
    vector(Opcode.of(NO_PREFIX, MAP_0F, 0x58), target, left, right, Modifiers.NONE);
  }

  void vaddps(Vec target, Vec left, Mem right, Modifiers modifiers) {
    vector(Opcode.of(NO_PREFIX, MAP_0F, 0x58), target, left, right, modifiers);
  }

  void vsubps(Vec target, Vec left, Vec right) {
    vector(Opcode.of(NO_PREFIX, MAP_0F, 0x5C), target, left, right, Modifiers.NONE);
  }

  void vsubps(Vec target, Vec left, Mem right, Modifiers modifiers) {
    vector(Opcode.of(NO_PREFIX, MAP_0F, 0x5C), target, left, right, modifiers);
  }

  void vdivps(Vec target, Vec left, Vec right) {
    vector(Opcode.of(NO_PREFIX, MAP_0F, 0x5E), target, left, right, Modifiers.NONE);
  }

  /** Sets the bits of the elements of which {@code predicate} holds. */
  void vcmpps(Mask target, Vec left, Vec right, int predicate) {
    vector(
        Opcode.of(NO_PREFIX, MAP_0F, 0xC2).only(Form.EVEX),
        new Vec(target.ordinal(), left.length()),
        left,
        right,
        Modifiers.NONE);
    code.int8(predicate);
  }

  /** Sets all bits of the elements of which {@code predicate} holds. */
  void vcmpps(Vec target, Vec left, Vec right, int predicate) {
    vector(Opcode.of(NO_PREFIX, MAP_0F, 0xC2).only(Form.VEX), target, left, right, Modifiers.NONE);
    code.int8(predicate);
  }

  /**
   * The elements of {@code set} where the sign bit of {@code selector} is set, or of {@code left}.
   */
  void vblendvps(Vec target, Vec left, Vec set, Vec selector) {
    vector(Opcode.of(PREFIX_66, MAP_0F3A, 0x4A).only(Form.VEX), target, left, set, Modifiers.NONE);
    code.int8(selector.number() << 4);
  }

  /** {@code target = left * 2^floor(right)}. */
  void vscalefps(Vec target, Vec left, Vec right) {
    vector(
        Opcode.of(PREFIX_66, MAP_0F38, 0x2C).only(Form.EVEX), target, left, right, Modifiers.NONE);
  }

  void vmulps(Vec target, Vec left, Vec right) {
    vector(Opcode.of(NO_PREFIX, MAP_0F, 0x59), target, left, right, Modifiers.NONE);
  }

  void vmulps(Vec target, Vec left, Mem right, Modifiers modifiers) {
    vector(Opcode.of(NO_PREFIX, MAP_0F, 0x59), target, left, right, modifiers);
  }

  /** The lesser elements; where one is NaN, that of {@code right}. */
  void vminps(Vec target, Vec left, Vec right) {
    vector(Opcode.of(NO_PREFIX, MAP_0F, 0x5D), target, left, right, Modifiers.NONE);
  }

  /** The lesser elements; where one is NaN, that of {@code right}. */
  void vminps(Vec target, Vec left, Mem right) {
    vector(Opcode.of(NO_PREFIX, MAP_0F, 0x5D), target, left, right, Modifiers.NONE);
  }

  /** The greater elements; where one is NaN, that of {@code right}. */
  void vmaxps(Vec target, Vec left, Mem right) {
    vector(Opcode.of(NO_PREFIX, MAP_0F, 0x5F), target, left, right, Modifiers.NONE);
  }

  /** The greater elements; where one is NaN, that of {@code right}. */
  void vmaxps(Vec target, Vec left, Vec right) {
    vector(Opcode.of(NO_PREFIX, MAP_0F, 0x5F), target, left, right, Modifiers.NONE);
  }

  /** {@code target += left * right}. */
  void vfmadd231ps(Vec target, Vec left, Vec right) {
    vector(Opcode.of(PREFIX_66, MAP_0F38, 0xB8), target, left, right, Modifiers.NONE);
  }

  /** {@code target += left * right}. */
  void vfmadd231ps(Vec target, Vec left, Mem right, Modifiers modifiers) {
    vector(Opcode.of(PREFIX_66, MAP_0F38, 0xB8), target, left, right, modifiers);
  }

  /** Rounds to integers, halves to even. */
  void vrndps(Vec target, Vec source) {
    boolean wide = target.length() == Vec.Length.ZMM;
    Opcode op = Opcode.of(PREFIX_66, MAP_0F3A, 0x08);
    vector(op.only(wide ? Form.EVEX : Form.VEX), target, null, source, Modifiers.NONE);
    code.int8(0);
  }

  /** {@code target = left * target + right}. */
  void vfmadd213ps(Vec target, Vec left, Mem right, Modifiers modifiers) {
    vector(Opcode.of(PREFIX_66, MAP_0F38, 0xA8), target, left, right, modifiers);
  }

  /** {@code target = left * target + right}. */
  void vfmadd213ps(Vec target, Vec left, Vec right) {
    vector(Opcode.of(PREFIX_66, MAP_0F38, 0xA8), target, left, right, Modifiers.NONE);
  }

  /** {@code target -= left * right}. */
  void vfnmadd231ps(Vec target, Vec left, Vec right) {
    vector(Opcode.of(PREFIX_66, MAP_0F38, 0xBC), target, left, right, Modifiers.NONE);
  }

  /** {@code target -= left * right}. */
  void vfnmadd231ps(Vec target, Vec left, Mem right, Modifiers modifiers) {
    vector(Opcode.of(PREFIX_66, MAP_0F38, 0xBC), target, left, right, modifiers);
  }

  // Integer arithmetic

  void vpxor(Vec target, Vec left, Vec right) {
    Opcode op = Opcode.of(PREFIX_66, MAP_0F, 0xEF);
    vector(op, target, left, right, Modifiers.NONE);
  }

  void vpor(Vec target, Vec left, Vec right) {
    vector(Opcode.of(PREFIX_66, MAP_0F, 0xEB), target, left, right, Modifiers.NONE);
  }

  /** Shifts 32-bit elements left. */
  void vpslld(Vec target, Vec source, int bits) {
    shift(0x72, 6, target, source, bits);
  }

  /** Shifts 32-bit elements right, zeroes in. */
  void vpsrld(Vec target, Vec source, int bits) {
    shift(0x72, 2, target, source, bits);
  }

  /** Shifts 32-bit elements right, sign bits in. */
  void vpsrad(Vec target, Vec source, int bits) {
    shift(0x72, 4, target, source, bits);
  }

  void vpaddd(Vec target, Vec left, Vec right) {
    vector(Opcode.of(PREFIX_66, MAP_0F, 0xFE), target, left, right, Modifiers.NONE);
  }

  void vpaddd(Vec target, Vec left, Mem right, Modifiers modifiers) {
    vector(Opcode.of(PREFIX_66, MAP_0F, 0xFE), target, left, right, modifiers);
  }

  void vpsubd(Vec target, Vec left, Vec right) {
    vector(Opcode.of(PREFIX_66, MAP_0F, 0xFA), target, left, right, Modifiers.NONE);
  }

  void vpsubd(Vec target, Vec left, Mem right) {
    vector(Opcode.of(PREFIX_66, MAP_0F, 0xFA), target, left, right, Modifiers.NONE);
  }

  /** Adds signed 16-bit elements, saturating. */
  void vpaddsw(Vec target, Vec left, Vec right) {
    vector(Opcode.of(PREFIX_66, MAP_0F, 0xED), target, left, right, Modifiers.NONE);
  }

  /** The 32-bit elements of {@code source} whose numbers are in {@code indices}. */
  void vpermd(Vec target, Vec indices, Vec source) {
    vector(Opcode.of(PREFIX_66, MAP_0F38, 0x36), target, indices, source, Modifiers.NONE);
  }

  /** The low halves of products of 32-bit elements. */
  void vpmulld(Vec target, Vec left, Vec right) {
    vector(Opcode.of(PREFIX_66, MAP_0F38, 0x40), target, left, right, Modifiers.NONE);
  }

  /** Shifts 16-bit elements left. */
  void vpsllw(Vec target, Vec source, int bits) {
    shift(0x71, 6, target, source, bits);
  }

  /** Shifts 16-bit elements right, zeroes in. */
  void vpsrlw(Vec target, Vec source, int bits) {
    shift(0x71, 2, target, source, bits);
  }

  /** Shifts 16-bit elements right, sign bits in. */
  void vpsraw(Vec target, Vec source, int bits) {
    shift(0x71, 4, target, source, bits);
  }

  private void shift(int opcode, int extension, Vec target, Vec source, int bits) {
    vector(
        Opcode.of(PREFIX_66, MAP_0F, opcode),
        new Vec(extension, target.length()),
        target,
        source,
        Modifiers.NONE);
    code.int8(bits);
  }

  /** Products of 16-bit elements, added in pairs. */
  void vpmaddwd(Vec target, Vec left, Vec right) {
    vector(Opcode.of(PREFIX_66, MAP_0F, 0xF5), target, left, right, Modifiers.NONE);
  }

  /** Adds to each 32-bit element four products of unsigned bytes with signed bytes. */
  void vpdpbusd(Vec target, Vec unsigned, Vec signed) {
    vector(
        Opcode.of(PREFIX_66, MAP_0F38, 0x50).only(Form.EVEX),
        target,
        unsigned,
        signed,
        Modifiers.NONE);
  }

  /** Adds to each 32-bit element four products of unsigned bytes with signed bytes. */
  void vpdpbusd(Vec target, Vec unsigned, Mem signed) {
    vector(
        Opcode.of(PREFIX_66, MAP_0F38, 0x50).only(Form.EVEX),
        target,
        unsigned,
        signed,
        Modifiers.NONE);
  }

  /** Interleaves the bytes of the low halves; within each 128 bits. */
  void vpunpcklbw(Vec target, Vec left, Vec right) {
    vector(Opcode.of(PREFIX_66, MAP_0F, 0x60), target, left, right, Modifiers.NONE);
  }

  /** Interleaves the bytes of the high halves; within each 128 bits. */
  void vpunpckhbw(Vec target, Vec left, Vec right) {
    vector(Opcode.of(PREFIX_66, MAP_0F, 0x68), target, left, right, Modifiers.NONE);
  }

  /** Interleaves the 16-bit elements of the low halves; within each 128 bits. */
  void vpunpcklwd(Vec target, Vec left, Vec right) {
    vector(Opcode.of(PREFIX_66, MAP_0F, 0x61), target, left, right, Modifiers.NONE);
  }

  /** Interleaves the 16-bit elements of the high halves; within each 128 bits. */
  void vpunpckhwd(Vec target, Vec left, Vec right) {
    vector(Opcode.of(PREFIX_66, MAP_0F, 0x69), target, left, right, Modifiers.NONE);
  }

  /** As {@link #vpdpbusd(Vec, Vec, Vec)}, in the encoding of AVX-VNNI. */
  void vpdpbusdVex(Vec target, Vec unsigned, Vec signed) {
    vector(
        Opcode.of(PREFIX_66, MAP_0F38, 0x50).only(Form.VEX),
        target,
        unsigned,
        signed,
        Modifiers.NONE);
  }

  /** Adds to each 32-bit element two products of signed 16-bit elements. */
  void vpdpwssd(Vec target, Vec left, Vec right) {
    vector(
        Opcode.of(PREFIX_66, MAP_0F38, 0x52).only(Form.EVEX), target, left, right, Modifiers.NONE);
  }

  /** Adds to each float two products of bfloat16 elements. */
  void vdpbf16ps(Vec target, Vec left, Vec right) {
    vector(
        Opcode.of(PREFIX_F3, MAP_0F38, 0x52).only(Form.EVEX), target, left, right, Modifiers.NONE);
  }

  /** {@code target += left * right} of half-precision elements. */
  void vfmadd231ph(Vec target, Vec left, Vec right) {
    vector(Opcode.of(PREFIX_66, MAP_6, 0xB8).only(Form.EVEX), target, left, right, Modifiers.NONE);
  }

  // Conversions

  /** Single precision to bfloat16, half as long, halves to even; subnormal numbers become 0. */
  void vcvtneps2bf16(Vec target, Vec source) {
    vector(
        Opcode.of(PREFIX_F3, MAP_0F38, 0x72).only(Form.EVEX), target, null, source, Modifiers.NONE);
  }

  void vcvtdq2ps(Vec target, Vec source) {
    vector(Opcode.of(NO_PREFIX, MAP_0F, 0x5B), target, null, source, Modifiers.NONE);
  }

  /** Rounds to the nearest, halves to even, under the default control word. */
  void vcvtps2dq(Vec target, Vec source) {
    vector(Opcode.of(PREFIX_66, MAP_0F, 0x5B), target, null, source, Modifiers.NONE);
  }

  /** Half precision to single. */
  void vcvtph2ps(Vec target, Mem source) {
    vector(
        Opcode.of(PREFIX_66, MAP_0F38, 0x13).in(Unit.HALF_VECTOR),
        target,
        null,
        source,
        Modifiers.NONE);
  }

  /** Half precision to single. */
  void vcvtph2ps(Vec target, Mem source, Modifiers modifiers) {
    vector(
        Opcode.of(PREFIX_66, MAP_0F38, 0x13).in(Unit.HALF_VECTOR), target, null, source, modifiers);
  }

  /** Half precision to single. */
  void vcvtph2ps(Vec target, Vec source) {
    vector(Opcode.of(PREFIX_66, MAP_0F38, 0x13), target, null, source, Modifiers.NONE);
  }

  /** Single precision to half, rounded by the default control word. */
  void vcvtps2ph(Mem target, Vec source) {
    vcvtps2ph(target, source, Modifiers.NONE);
  }

  /** Single precision to half, rounded by the default control word. */
  void vcvtps2ph(Mem target, Vec source, Modifiers modifiers) {
    vector(
        Opcode.of(PREFIX_66, MAP_0F3A, 0x1D).in(Unit.HALF_VECTOR), source, null, target, modifiers);
    code.int8(4);
  }

  /** Single precision to half, rounded by the default control word. */
  void vcvtps2ph(Vec target, Vec source) {
    vector(Opcode.of(PREFIX_66, MAP_0F3A, 0x1D), source, null, target, Modifiers.NONE);
    code.int8(4);
  }

  /** Sign-extends bytes to 32 bits. */
  void vpmovsxbd(Vec target, Mem source, Modifiers modifiers) {
    vector(
        Opcode.of(PREFIX_66, MAP_0F38, 0x21).in(Unit.QUARTER_VECTOR),
        target,
        null,
        source,
        modifiers);
  }

  /** Sign-extends bytes to 32 bits. */
  void vpmovsxbd(Vec target, Vec source) {
    vector(Opcode.of(PREFIX_66, MAP_0F38, 0x21), target, null, source, Modifiers.NONE);
  }

  /** Zero-extends bytes to 32 bits. */
  void vpmovzxbd(Vec target, Vec source) {
    vector(Opcode.of(PREFIX_66, MAP_0F38, 0x31), target, null, source, Modifiers.NONE);
  }

  /** Zero-extends bytes to 16 bits. */
  void vpmovzxbw(Vec target, Mem source) {
    vector(
        Opcode.of(PREFIX_66, MAP_0F38, 0x30).in(Unit.HALF_VECTOR),
        target,
        null,
        source,
        Modifiers.NONE);
  }

  /** Zero-extends bytes to 16 bits. */
  void vpmovzxbw(Vec target, Vec source) {
    vector(Opcode.of(PREFIX_66, MAP_0F38, 0x30), target, null, source, Modifiers.NONE);
  }

  /** Zero-extends bytes to 32 bits. */
  void vpmovzxbd(Vec target, Mem source, Modifiers modifiers) {
    vector(
        Opcode.of(PREFIX_66, MAP_0F38, 0x31).in(Unit.QUARTER_VECTOR),
        target,
        null,
        source,
        modifiers);
  }

  /** Zero-extends 16-bit elements to 32 bits. */
  void vpmovzxwd(Vec target, Vec source) {
    vector(Opcode.of(PREFIX_66, MAP_0F38, 0x33), target, null, source, Modifiers.NONE);
  }

  /** Zero-extends 16-bit elements to 32 bits. */
  void vpmovzxwd(Vec target, Mem source, Modifiers modifiers) {
    vector(
        Opcode.of(PREFIX_66, MAP_0F38, 0x33).in(Unit.HALF_VECTOR), target, null, source, modifiers);
  }

  /** Sign-extends bytes to 16 bits. */
  void vpmovsxbw(Vec target, Mem source) {
    vector(
        Opcode.of(PREFIX_66, MAP_0F38, 0x20).in(Unit.HALF_VECTOR),
        target,
        null,
        source,
        Modifiers.NONE);
  }

  /** Stores the upper half of {@code source}. */
  void vextracti128(Vec target, Vec source) {
    vector(
        Opcode.of(PREFIX_66, MAP_0F3A, 0x39).only(Form.VEX), source, null, target, Modifiers.NONE);
    code.int8(1);
  }

  /** Stores a quarter of {@code source}. */
  void vextracti32x4(Mem target, Vec source, int quarter) {
    Opcode op = Opcode.of(PREFIX_66, MAP_0F3A, 0x39).only(Form.EVEX).in(Unit.QUARTER_VECTOR);
    vector(op, source, null, target, Modifiers.NONE);
    code.int8(quarter);
  }

  /** Copies a quarter of {@code source}. */
  void vextracti32x4(Vec target, Vec source, int quarter) {
    Opcode op = Opcode.of(PREFIX_66, MAP_0F3A, 0x39).only(Form.EVEX);
    vector(op, source, null, target, Modifiers.NONE);
    code.int8(quarter);
  }

  /** Stores the upper half of {@code source}. */
  void vextracti64x4(Mem target, Vec source) {
    Opcode op = Opcode.of(PREFIX_66, MAP_0F3A, 0x3B).wide().only(Form.EVEX).in(Unit.HALF_VECTOR);
    vector(op, source, null, target, Modifiers.NONE);
    code.int8(1);
  }

  /** Copies the upper half of {@code source}. */
  void vextracti64x4(Vec target, Vec source) {
    Opcode op = Opcode.of(PREFIX_66, MAP_0F3A, 0x3B).wide().only(Form.EVEX);
    vector(op, source, null, target, Modifiers.NONE);
    code.int8(1);
  }

  /** Stores bytes. */
  void vmovdqu8(Mem target, Vec source, Modifiers modifiers) {
    vector(Opcode.of(PREFIX_F2, MAP_0F, 0x7F).only(Form.EVEX), source, null, target, modifiers);
  }

  /** Stores the low 64 bits. */
  void vmovq(Mem target, Vec source) {
    vector(Opcode.of(PREFIX_66, MAP_0F, 0xD6).only(Form.VEX), source, null, target, Modifiers.NONE);
  }

  /** Stores the low 32 bits. */
  void vmovd(Mem target, Vec source) {
    vector(Opcode.of(PREFIX_66, MAP_0F, 0x7E).only(Form.VEX), source, null, target, Modifiers.NONE);
  }

  /** Replaces one byte. */
  void vpinsrb(Vec target, Mem source, int index) {
    vector(
        Opcode.of(PREFIX_66, MAP_0F3A, 0x20).only(Form.VEX),
        target,
        target,
        source,
        Modifiers.NONE);
    code.int8(index);
  }

  /** Replaces one 16-bit element. */
  void vpinsrw(Vec target, Mem source, int index) {
    vector(
        Opcode.of(PREFIX_66, MAP_0F, 0xC4).only(Form.VEX), target, target, source, Modifiers.NONE);
    code.int8(index);
  }

  /** Stores one byte. */
  void vpextrb(Mem target, Vec source, int index) {
    vector(
        Opcode.of(PREFIX_66, MAP_0F3A, 0x14).only(Form.VEX), source, null, target, Modifiers.NONE);
    code.int8(index);
  }

  /** Stores one 16-bit element. */
  void vpextrw(Mem target, Vec source, int index) {
    vector(
        Opcode.of(PREFIX_66, MAP_0F3A, 0x15).only(Form.VEX), source, null, target, Modifiers.NONE);
    code.int8(index);
  }

  /** Narrows 32-bit elements to 16 bits, saturating; within each 128 bits. */
  void vpackssdw(Vec target, Vec left, Vec right) {
    vector(Opcode.of(PREFIX_66, MAP_0F, 0x6B), target, left, right, Modifiers.NONE);
  }

  /** Narrows 32-bit elements to unsigned 16 bits, saturating; within each 128 bits. */
  void vpackusdw(Vec target, Vec left, Vec right) {
    vector(Opcode.of(PREFIX_66, MAP_0F38, 0x2B), target, left, right, Modifiers.NONE);
  }

  /** Narrows signed 16-bit elements to unsigned bytes, saturating; within each 128 bits. */
  void vpackuswb(Vec target, Vec left, Vec right) {
    vector(Opcode.of(PREFIX_66, MAP_0F, 0x67), target, left, right, Modifiers.NONE);
  }

  /** Narrows 16-bit elements to signed bytes, saturating; within each 128 bits. */
  void vpacksswb(Vec target, Vec left, Vec right) {
    vector(Opcode.of(PREFIX_66, MAP_0F, 0x63), target, left, right, Modifiers.NONE);
  }

  /** Copies the low 64 bits. */
  void vmovq(Gpr target, Vec source) {
    vector(
        Opcode.of(PREFIX_66, MAP_0F, 0x7E).wide().only(Form.VEX),
        source,
        null,
        Vec.xmm(target.ordinal()),
        Modifiers.NONE);
  }

  /** Stores the low half of each 64-bit element. */
  void vpmovqd(Mem target, Vec source, Modifiers modifiers) {
    vector(
        Opcode.of(PREFIX_F3, MAP_0F38, 0x35).only(Form.EVEX).in(Unit.HALF_VECTOR),
        source,
        null,
        target,
        modifiers);
  }

  /** Stores the low half of each 32-bit element. */
  void vpmovdw(Mem target, Vec source, Modifiers modifiers) {
    vector(
        Opcode.of(PREFIX_F3, MAP_0F38, 0x33).only(Form.EVEX).in(Unit.HALF_VECTOR),
        source,
        null,
        target,
        modifiers);
  }

  /** Stores the low byte of each 32-bit element. */
  void vpmovdb(Mem target, Vec source, Modifiers modifiers) {
    vector(
        Opcode.of(PREFIX_F3, MAP_0F38, 0x31).only(Form.EVEX).in(Unit.QUARTER_VECTOR),
        source,
        null,
        target,
        modifiers);
  }

  // AMX

  /** Sets the shapes of the tiles; overwrites {@code scratch}. */
  void configureTiles(TileConfiguration configuration, Gpr scratch) {
    mov(scratch, configuration.address());
    ldtilecfg(Mem.at(scratch));
  }

  void ldtilecfg(Mem configuration) {
    vexMemory(Opcode.of(NO_PREFIX, MAP_0F38, 0x49), 0, configuration, false);
  }

  void tilerelease() {
    vexRegisters(Opcode.of(NO_PREFIX, MAP_0F38, 0x49), 0, 0, 0);
  }

  void tilezero(Tile target) {
    vexRegisters(Opcode.of(PREFIX_F2, MAP_0F38, 0x49), target.ordinal(), 0, 0);
  }

  void tileloadd(Tile target, Mem source) {
    vexMemory(Opcode.of(PREFIX_F2, MAP_0F38, 0x4B), target.ordinal(), source, true);
  }

  void tilestored(Mem target, Tile source) {
    vexMemory(Opcode.of(PREFIX_F3, MAP_0F38, 0x4B), source.ordinal(), target, true);
  }

  /** Sums of products of unsigned bytes with signed bytes. */
  void tdpbusd(Tile target, Tile left, Tile right) {
    tiles(PREFIX_66, 0x5E, target, left, right);
  }

  /** Sums of products of signed bytes. */
  void tdpbssd(Tile target, Tile left, Tile right) {
    tiles(PREFIX_F2, 0x5E, target, left, right);
  }

  /** Sums of products of signed bytes with unsigned bytes. */
  void tdpbsud(Tile target, Tile left, Tile right) {
    tiles(PREFIX_F3, 0x5E, target, left, right);
  }

  /** Sums of products of unsigned bytes. */
  void tdpbuud(Tile target, Tile left, Tile right) {
    tiles(NO_PREFIX, 0x5E, target, left, right);
  }

  /** Sums of products of bfloat16 pairs. */
  void tdpbf16ps(Tile target, Tile left, Tile right) {
    tiles(PREFIX_F3, 0x5C, target, left, right);
  }

  /** Sums of products of half-precision pairs. */
  void tdpfp16ps(Tile target, Tile left, Tile right) {
    tiles(PREFIX_F2, 0x5C, target, left, right);
  }

  private void tiles(int prefix, int opcode, Tile target, Tile left, Tile right) {
    vexRegisters(
        Opcode.of(prefix, MAP_0F38, opcode), target.ordinal(), right.ordinal(), left.ordinal());
  }
}
