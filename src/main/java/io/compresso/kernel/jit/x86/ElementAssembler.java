package io.compresso.kernel.jit.x86;

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

  /** And with a constant of 8 bits, sign-extended. */
  void and(Gpr target, int value) {
    rexW(0, target.ordinal());
    code.int8(0x83);
    modRm(4, target.ordinal());
    code.int8(value);
  }

  void shl(Gpr target, int bits) {
    rexW(0, target.ordinal());
    code.int8(0xC1);
    modRm(4, target.ordinal());
    code.int8(bits);
  }

  /** Keeps the lowest {@code count} bits of {@code source}. */
  void bzhi(Gpr target, Gpr source, Gpr count) {
    vexRegisters(
        Opcode.of(NO_PREFIX, MAP_0F38, 0xF5).wide(),
        target.ordinal(),
        count.ordinal(),
        source.ordinal());
  }

  void kmovq(Mask target, Gpr source) {
    vexRegisters(Opcode.of(PREFIX_F2, MAP_0F, 0x92).wide(), target.ordinal(), 0, source.ordinal());
  }

  // Floats

  void vmovaps(Vec target, Vec source, Modifiers modifiers) {
    vector(Opcode.of(NO_PREFIX, MAP_0F, 0x28), target, null, source, modifiers);
  }

  void vsqrtps(Vec target, Vec source) {
    vector(Opcode.of(NO_PREFIX, MAP_0F, 0x51), target, null, source, Modifiers.NONE);
  }

  /** {@code target = -left * target + right}. */
  void vfnmadd213ps(Vec target, Vec left, Vec right) {
    vector(Opcode.of(PREFIX_66, MAP_0F38, 0xAC), target, left, right, Modifiers.NONE);
  }

  void vround(Vec target, Vec source, Rounding rounding) {
    Form form = target.length() == Vec.Length.ZMM ? Form.EVEX : Form.VEX;
    vector(Opcode.of(PREFIX_66, MAP_0F3A, 0x08).only(form), target, null, source, Modifiers.NONE);
    code.int8(rounding.ordinal());
  }

  /** Sets the elements of {@code target} that hold to all ones. */
  void vcmpps(Vec target, Vec left, Vec right, Predicate predicate) {
    vector(Opcode.of(NO_PREFIX, MAP_0F, 0xC2).only(Form.VEX), target, left, right, Modifiers.NONE);
    code.int8(predicate.code);
  }

  void vcmpps(Mask target, Vec left, Vec right, Predicate predicate) {
    vector(
        Opcode.of(NO_PREFIX, MAP_0F, 0xC2).only(Form.EVEX),
        Vec.xmm(target.ordinal()),
        left,
        right,
        Modifiers.NONE);
    code.int8(predicate.code);
  }

  /** The elements of {@code right} where the sign bit of {@code mask} is set, else of the left. */
  void vblendvps(Vec target, Vec left, Vec right, Vec mask) {
    vector(
        Opcode.of(PREFIX_66, MAP_0F3A, 0x4A).only(Form.VEX), target, left, right, Modifiers.NONE);
    code.int8(mask.number() << 4);
  }

  /** The elements of {@code right} where {@code mask} is set, else of {@code left}. */
  void vblendmps(Vec target, Mask mask, Vec left, Vec right) {
    vector(
        Opcode.of(PREFIX_66, MAP_0F38, 0x65).only(Form.EVEX),
        target,
        left,
        right,
        Modifiers.merging(mask));
  }

  /** The sign bits of 32-bit elements. */
  void vpmovd2m(Mask target, Vec source) {
    vector(
        Opcode.of(PREFIX_F3, MAP_0F38, 0x39).only(Form.EVEX),
        Vec.xmm(target.ordinal()),
        null,
        source,
        Modifiers.NONE);
  }

  /** Permutes within each 128 bits: two bits of {@code order} an element. */
  void vpermilps(Vec target, Vec source, int order) {
    vector(Opcode.of(PREFIX_66, MAP_0F3A, 0x04), target, null, source, Modifiers.NONE);
    code.int8(order);
  }

  /** Two elements of the left, then two of the right, within each 128 bits. */
  void vshufps(Vec target, Vec left, Vec right, int order) {
    vector(Opcode.of(NO_PREFIX, MAP_0F, 0xC6), target, left, right, Modifiers.NONE);
    code.int8(order);
  }

  /** Permutes 64-bit elements of 256 bits. */
  void vpermpd(Vec target, Vec source, int order) {
    vector(
        Opcode.of(PREFIX_66, MAP_0F3A, 0x01).wide().only(Form.VEX),
        target,
        null,
        source,
        Modifiers.NONE);
    code.int8(order);
  }

  /** Elements of {@code target} and, after them, of {@code second} by number. */
  void vpermt2ps(Vec target, Vec indices, Vec second) {
    vector(
        Opcode.of(PREFIX_66, MAP_0F38, 0x7F).only(Form.EVEX),
        target,
        indices,
        second,
        Modifiers.NONE);
  }

  // Integers

  void vpand(Vec target, Vec left, Vec right) {
    vector(Opcode.of(PREFIX_66, MAP_0F, 0xDB), target, left, right, Modifiers.NONE);
  }

  void vpmaxsd(Vec target, Vec left, Vec right) {
    vector(Opcode.of(PREFIX_66, MAP_0F38, 0x3D), target, left, right, Modifiers.NONE);
  }

  void vpminsd(Vec target, Vec left, Vec right) {
    vector(Opcode.of(PREFIX_66, MAP_0F38, 0x39), target, left, right, Modifiers.NONE);
  }

  void vpmaxub(Vec target, Vec left, Vec right) {
    vector(Opcode.of(PREFIX_66, MAP_0F, 0xDE), target, left, right, Modifiers.NONE);
  }

  void vpmaxsb(Vec target, Vec left, Vec right) {
    vector(Opcode.of(PREFIX_66, MAP_0F38, 0x3C), target, left, right, Modifiers.NONE);
  }

  /** Sign-extends 16-bit elements to 32 bits. */
  void vpmovsxwd(Vec target, Mem source, Modifiers modifiers) {
    vector(
        Opcode.of(PREFIX_66, MAP_0F38, 0x23).in(Unit.HALF_VECTOR), target, null, source, modifiers);
  }

  /** Stores the low 16 bits of each 32-bit element. */
  void vpmovdw(Mem target, Vec source, Modifiers modifiers) {
    vector(
        Opcode.of(PREFIX_F3, MAP_0F38, 0x33).only(Form.EVEX).in(Unit.HALF_VECTOR),
        source,
        null,
        target,
        modifiers);
  }

  /** Stores each signed 32-bit element as a signed byte, saturating. */
  void vpmovsdb(Mem target, Vec source, Modifiers modifiers) {
    vector(
        Opcode.of(PREFIX_F3, MAP_0F38, 0x21).only(Form.EVEX).in(Unit.QUARTER_VECTOR),
        source,
        null,
        target,
        modifiers);
  }

  /** Stores each unsigned 32-bit element as an unsigned byte, saturating. */
  void vpmovusdb(Mem target, Vec source, Modifiers modifiers) {
    vector(
        Opcode.of(PREFIX_F3, MAP_0F38, 0x11).only(Form.EVEX).in(Unit.QUARTER_VECTOR),
        source,
        null,
        target,
        modifiers);
  }

  /** Narrows signed 32-bit elements to unsigned 16 bits, saturating; within each 128 bits. */
  void vpackusdw(Vec target, Vec left, Vec right) {
    vector(Opcode.of(PREFIX_66, MAP_0F38, 0x2B), target, left, right, Modifiers.NONE);
  }

  /** Signs of bytes. */
  void vpmovb2m(Mask target, Vec source) {
    vector(
        Opcode.of(PREFIX_F3, MAP_0F38, 0x29).only(Form.EVEX),
        Vec.xmm(target.ordinal()),
        null,
        source,
        Modifiers.NONE);
  }

  /** Bytes of {@code first} and, after them, of {@code second} by the numbers in the target. */
  void vpermi2b(Vec target, Vec first, Vec second) {
    vector(
        Opcode.of(PREFIX_66, MAP_0F38, 0x75).only(Form.EVEX),
        target,
        first,
        second,
        Modifiers.NONE);
  }

  /** The bytes of {@code right} where {@code mask} is set, else of {@code left}. */
  void vpblendmb(Vec target, Mask mask, Vec left, Vec right) {
    vector(
        Opcode.of(PREFIX_66, MAP_0F38, 0x66).only(Form.EVEX),
        target,
        left,
        right,
        Modifiers.merging(mask));
  }

  /**
   * Interleaves elements of the halves of each 128 bits.
   *
   * @param elementBytes 1, 2, 4 or 8
   * @param high whether of the upper halves
   */
  void vpunpck(Vec target, Vec left, Vec right, int elementBytes, boolean high) {
    int low =
        switch (elementBytes) {
          case 1 -> 0x60;
          case 2 -> 0x61;
          case 4 -> 0x62;
          default -> 0x6C;
        };
    Opcode op = Opcode.of(PREFIX_66, MAP_0F, low + (!high ? 0 : elementBytes == 8 ? 1 : 8));
    boolean wide = elementBytes == 8 && target.length() == Vec.Length.ZMM;
    vector(wide ? op.wide() : op, target, left, right, Modifiers.NONE);
  }

  /** Stores the upper half of {@code source}. */
  void vextracti128(Mem target, Vec source) {
    vector(
        Opcode.of(PREFIX_66, MAP_0F3A, 0x39).only(Form.VEX), source, null, target, Modifiers.NONE);
    code.int8(1);
  }

  /** Stores the upper 64 bits of 128. */
  void vmovhps(Mem target, Vec source) {
    vector(Opcode.of(NO_PREFIX, MAP_0F, 0x17).only(Form.VEX), source, null, target, Modifiers.NONE);
  }
}
