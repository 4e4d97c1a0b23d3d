package io.compresso.kernel.jit.arm;

import io.compresso.kernel.jit.arm.Vec.Element;
import io.compresso.kernel.jit.arm.Vec.Shape;

/** The instructions that the kernels use, by their names in Arm's manual, destination first. */
final class Assembler extends GeneralAssembler {
  // Memory

  /** Loads as many bits as {@code target} has as a scalar; the register's other bits become 0. */
  void ldr(Vec target, Mem source) {
    memory(0x00400000, target, source);
  }

  void str(Vec source, Mem target) {
    memory(0, source, target);
  }

  /** Loads from {@code address}, to which it then adds {@code bytes}, from -256 to 255. */
  void ldrPost(Vec target, Reg address, int bytes) {
    int size = accessSize(target) | 0x00400000;
    emit(0x3C000400 | size | (bytes & 0x1FF) << 12 | address.ordinal() << 5 | target.number());
  }

  /** Stores to {@code address}, to which it then adds {@code bytes}, from -256 to 255. */
  void strPost(Vec source, Reg address, int bytes) {
    int fields = accessSize(source) | (bytes & 0x1FF) << 12;
    emit(0x3C000400 | fields | address.ordinal() << 5 | source.number());
  }

  private static int accessSize(Vec vector) {
    int logBytes = vector.shape().logBytes();
    return (logBytes & 3) << 30 | (logBytes == 4 ? 1 << 23 : 0);
  }

  private void memory(int load, Vec vector, Mem operand) {
    int logBytes = vector.shape().logBytes();
    int size = accessSize(vector) | load;
    int registers = operand.base().ordinal() << 5 | vector.number();
    int offset = operand.offset();
    if (operand.index() != null) {
      emit(0x3C206800 | size | operand.index().ordinal() << 16 | registers);
    } else if (offset >= 0 && offset % (1 << logBytes) == 0 && offset >> logBytes <= 0xFFF) {
      emit(0x3D000000 | size | offset >> logBytes << 10 | registers);
    } else if (offset >= -256 && offset <= 255) {
      emit(0x3C000000 | size | (offset & 0x1FF) << 12 | registers);
    } else {
      throw new IllegalArgumentException(operand + " cannot be encoded");
    }
  }

  /** Loads one element, keeps the others. */
  void ld1(Element target, Reg address) {
    single(0x0D400000, target, address);
  }

  /** Stores one element. */
  void st1(Element source, Reg address) {
    single(0x0D000000, source, address);
  }

  private void single(int instruction, Element element, Reg address) {
    int logBytes = element.vector().shape().logBytes();
    int index = element.index() << logBytes;
    int opcode = logBytes == 0 ? 0 : logBytes == 1 ? 2 : 4;
    int size = logBytes == 3 ? 1 : index & 3;
    emit(
        instruction
            | index >> 3 << 30
            | opcode << 13
            | (logBytes == 3 ? 0 : index >> 2 & 1) << 12
            | size << 10
            | address.ordinal() << 5
            | element.number());
  }

  /** Stores the lower halves of two registers at the stack pointer less {@code bytes}. */
  void push(Vec first, Vec second, int bytes) {
    emit(pair(0x6D800000, first.number(), second.number(), -bytes, 3));
  }

  /** Loads the lower halves of two registers, raises the stack pointer by {@code bytes}. */
  void pop(Vec first, Vec second, int bytes) {
    emit(pair(0x6CC00000, first.number(), second.number(), bytes, 3));
  }

  // Moves

  /** Zeroes a register. */
  void clear(Vec target) {
    emit(0x6F00E400 | target.number());
  }

  void mov(Vec target, Vec source) {
    emit(rrr(0x4EA01C00, target, source, source));
  }

  void dup(Vec target, Element source) {
    emit(0x0E000400 | target.shape().full() << 30 | position(source) | registers(target, source));
  }

  void dup(Vec target, Reg source) {
    emit(
        0x0E000C00
            | target.shape().full() << 30
            | 1 << target.shape().logBytes() << 16
            | source.ordinal() << 5
            | target.number());
  }

  private static int position(Element element) {
    return (2 * element.index() + 1) << element.vector().shape().logBytes() << 16;
  }

  private static int registers(Vec target, Element source) {
    return source.number() << 5 | target.number();
  }

  /** Interleaves the lower halves. */
  void zip1(Vec target, Vec left, Vec right) {
    sized(0x0E003800, target, left, right);
  }

  /** Interleaves the upper halves. */
  void zip2(Vec target, Vec left, Vec right) {
    sized(0x0E007800, target, left, right);
  }

  // Floats: of 32 bits, or of 16 with elements of that width

  void fadd(Vec target, Vec left, Vec right) {
    floats(0x0E20D400, 0x0E401400, target, left, right);
  }

  void fsub(Vec target, Vec left, Vec right) {
    floats(0x0EA0D400, 0x0EC01400, target, left, right);
  }

  void fmul(Vec target, Vec left, Vec right) {
    floats(0x2E20DC00, 0x2E401C00, target, left, right);
  }

  /** The greater one, NaN if either is. */
  void fmax(Vec target, Vec left, Vec right) {
    floats(0x0E20F400, 0x0E403400, target, left, right);
  }

  /** The lesser one, NaN if either is. */
  void fmin(Vec target, Vec left, Vec right) {
    floats(0x0EA0F400, 0x0EC03400, target, left, right);
  }

  /** The greater one, the number if the other is NaN. */
  void fmaxnm(Vec target, Vec left, Vec right) {
    floats(0x0E20C400, 0x0E400400, target, left, right);
  }

  /** The lesser one, the number if the other is NaN. */
  void fminnm(Vec target, Vec left, Vec right) {
    floats(0x0EA0C400, 0x0EC00400, target, left, right);
  }

  /** {@code target += left * right}, rounded once. */
  void fmla(Vec target, Vec left, Vec right) {
    floats(0x0E20CC00, 0x0E400C00, target, left, right);
  }

  /** {@code target += left * right} with one element for all on the right, of 32 bits. */
  void fmla(Vec target, Vec left, Element right) {
    emit(byElement(0x0F801000, target, left, right));
  }

  void fmul(Vec target, Vec left, Element right) {
    emit(byElement(0x0F809000, target, left, right));
  }

  /** Adds the products of two rows of four bfloat16 numbers on either side. */
  void bfmmla(Vec target, Vec left, Vec right) {
    emit(rrr(0x6E40EC00, target, left, right));
  }

  /** Equal, which NaN is to nothing: all bits of an element, or else none. */
  void fcmeq(Vec target, Vec left, Vec right) {
    floats(0x0E20E400, 0x0E402400, target, left, right);
  }

  void scvtf(Vec target, Vec source) {
    emit(rr(0x4E21D800, target, source));
  }

  /** To the nearest integer, halves to even, saturating; NaN becomes 0. */
  void fcvtns(Vec target, Vec source) {
    emit(rr(0x4E21A800, target, source));
  }

  /** To the nearest whole number, halves to even. */
  void frintn(Vec target, Vec source) {
    emit(rr(0x4E218800, target, source));
  }

  /** Four half precision numbers of the lower half to single precision. */
  void fcvtl(Vec target, Vec source) {
    emit(rr(0x0E217800, target, source));
  }

  /** Four numbers to half precision in the lower half; the upper one becomes 0. */
  void fcvtn(Vec target, Vec source) {
    emit(rr(0x0E216800, target, source));
  }

  /** Four numbers to bfloat16 in the lower half; the upper one becomes 0. */
  void bfcvtn(Vec target, Vec source) {
    emit(rr(0x0EA16800, target, source));
  }

  private void floats(int single, int half, Vec target, Vec left, Vec right) {
    int instruction = target.shape().logBytes() == 1 ? half : single;
    emit(rrr(instruction | target.shape().full() << 30, target, left, right));
  }

  // Integers

  void add(Vec target, Vec left, Vec right) {
    sized(0x0E208400, target, left, right);
  }

  void sub(Vec target, Vec left, Vec right) {
    sized(0x2E208400, target, left, right);
  }

  /** Sums of neighbours: of the left operand, then of the right one. */
  void addp(Vec target, Vec left, Vec right) {
    sized(0x0E20BC00, target, left, right);
  }

  void eor(Vec target, Vec left, Vec right) {
    emit(rrr(0x6E201C00, target, left, right));
  }

  void orr(Vec target, Vec left, Vec right) {
    emit(rrr(0x4EA01C00, target, left, right));
  }

  void and(Vec target, Vec left, Vec right) {
    emit(rrr(0x4E201C00, target, left, right));
  }

  /** Selects bits: {@code left} where {@code target} is 1, {@code right} elsewhere. */
  void bsl(Vec target, Vec left, Vec right) {
    emit(rrr(0x6E601C00, target, left, right));
  }

  /** Products of the lower halves, twice as wide. */
  void smull(Vec target, Vec left, Vec right) {
    emit(rrr(0x0E20C000 | size(left), target, left, right));
  }

  /** Products of the upper halves, twice as wide. */
  void smull2(Vec target, Vec left, Vec right) {
    emit(rrr(0x4E20C000 | size(left), target, left, right));
  }

  /** Adds products of the lower halves, twice as wide. */
  void smlal(Vec target, Vec left, Vec right) {
    emit(rrr(0x0E208000 | size(left), target, left, right));
  }

  /** Adds sums of neighbours, which are half as wide. */
  void sadalp(Vec target, Vec source) {
    emit(rr(0x4E206800 | size(source), target, source));
  }

  /** Widens the lower half. */
  void sxtl(Vec target, Vec source) {
    emit(rr(0x0F00A400 | 8 << source.shape().logBytes() << 16, target, source));
  }

  /** Widens the lower half, unsigned. */
  void uxtl(Vec target, Vec source) {
    emit(rr(0x2F00A400 | 8 << source.shape().logBytes() << 16, target, source));
  }

  /** Widens the lower half and shifts it to the left by the width before: bfloat16 to float. */
  void shll(Vec target, Vec source) {
    emit(rr(0x2E213800 | size(source), target, source));
  }

  /** Shifts to the right, zeroes come in. */
  void ushr(Vec target, Vec source, int count) {
    int field = 2 * source.shape().bits() - count;
    emit(rr(0x2F000400 | source.shape().full() << 30 | field << 16, target, source));
  }

  /** Narrows to the lower half by dropping bits; the upper one becomes 0. */
  void xtn(Vec target, Vec source) {
    emit(rr(0x0E212800 | size(target), target, source));
  }

  /** Adds sums of four products of signed bytes. */
  void sdot(Vec target, Vec left, Vec right) {
    emit(rrr(0x4E809400, target, left, right));
  }

  /** Adds sums of four products of signed bytes, the right four the same for all. */
  void sdot(Vec target, Vec left, Element right) {
    emit(byElement(0x0F80E000, target, left, right));
  }

  /** Adds the products of two rows of eight signed bytes on either side: a block of 2 x 2. */
  void smmla(Vec target, Vec left, Vec right) {
    emit(rrr(0x4E80A400, target, left, right));
  }

  /** As {@link #smmla}, the left bytes unsigned. */
  void usmmla(Vec target, Vec left, Vec right) {
    emit(rrr(0x4E80AC00, target, left, right));
  }

  // Encodings

  private void sized(int instruction, Vec target, Vec left, Vec right) {
    Shape shape = target.shape();
    emit(rrr(instruction | shape.full() << 30 | size(target), target, left, right));
  }

  private static int size(Vec vector) {
    return vector.shape().logBytes() << 22;
  }

  private static int rr(int instruction, Vec target, Vec source) {
    return instruction | source.number() << 5 | target.number();
  }

  private static int rrr(int instruction, Vec target, Vec left, Vec right) {
    return instruction | right.number() << 16 | left.number() << 5 | target.number();
  }

  private static int byElement(int instruction, Vec target, Vec left, Element right) {
    int index = (right.index() & 1) << 21 | right.index() >> 1 << 11;
    return rrr(instruction | target.shape().full() << 30 | index, target, left, right.vector());
  }
}
