package io.compresso.kernel.jit.arm;

import io.compresso.kernel.jit.CodeBuffer;
import io.compresso.kernel.jit.CodeBuffer.Label;

/**
 * Instructions of A64 on general registers, of control and of the caches, by their names in Arm's
 * manual, destination first.
 */
class GeneralAssembler {
  private static final int MOST_IMMEDIATE = 0xFFF;

  private final CodeBuffer code = new CodeBuffer();

  /** Conditions of jumps. */
  enum Condition {
    EQ(0x0),
    NE(0x1),
    HS(0x2),
    LO(0x3),
    GE(0xA),
    LT(0xB),
    GT(0xC),
    LE(0xD);

    private final int code;

    Condition(int code) {
      this.code = code;
    }
  }

  final void emit(int instruction) {
    code.int32(instruction);
  }

  final byte[] toBytes() {
    return code.toBytes();
  }

  // Control

  /** A label bound to the next instruction. */
  final Label here() {
    Label label = new Label();
    code.bind(label);
    return label;
  }

  final void bind(Label label) {
    code.bind(label);
  }

  void b(Label target) {
    code.relativeInstruction(0x14000000, 0, 26, target);
  }

  void b(Condition condition, Label target) {
    code.relativeInstruction(0x54000000 | condition.code, 5, 19, target);
  }

  void cbz(Reg register, Label target) {
    code.relativeInstruction(0xB4000000 | register.ordinal(), 5, 19, target);
  }

  void cbnz(Reg register, Label target) {
    code.relativeInstruction(0xB5000000 | register.ordinal(), 5, 19, target);
  }

  void ret() {
    emit(0xD65F03C0);
  }

  // Arithmetic

  static int rrr(int instruction, Reg target, Reg left, Reg right) {
    return instruction | right.ordinal() << 16 | left.ordinal() << 5 | target.ordinal();
  }

  void mov(Reg target, Reg source) {
    emit(rrr(0xAA000000, target, Reg.XZR, source));
  }

  /** Loads a constant with as few of {@code movz}, {@code movn} and {@code movk} as it takes. */
  void mov(Reg target, long value) {
    boolean inverted = zeroHalfWords(~value) > zeroHalfWords(value);
    long rest = inverted ? ~value : value;
    boolean first = true;
    for (int half = 0; half < 4; half++) {
      int bits = (int) (rest >>> (16 * half)) & 0xFFFF;
      if (bits == 0 && !(first && half == 3)) {
        continue;
      }
      if (first) {
        moveWide(inverted ? 0x92800000 : 0xD2800000, target, bits, bits == 0 ? 0 : half);
      } else {
        moveWide(0xF2800000, target, inverted ? ~bits & 0xFFFF : bits, half);
      }
      first = false;
    }
  }

  private static int zeroHalfWords(long value) {
    int count = 0;
    for (int shift = 0; shift < 64; shift += 16) {
      count += (value >>> shift & 0xFFFF) == 0 ? 1 : 0;
    }
    return count;
  }

  private void moveWide(int instruction, Reg target, int bits, int half) {
    emit(instruction | half << 21 | bits << 5 | target.ordinal());
  }

  void add(Reg target, Reg left, Reg right) {
    emit(rrr(0x8B000000, target, left, right));
  }

  void sub(Reg target, Reg left, Reg right) {
    emit(rrr(0xCB000000, target, left, right));
  }

  void cmp(Reg left, Reg right) {
    emit(rrr(0xEB000000, Reg.XZR, left, right));
  }

  /** Compares with a constant from 0 to 4095. */
  void cmp(Reg left, int right) {
    immediate(0xF1000000, Reg.XZR, left, right);
  }

  /** Subtracts a constant from 0 to 4095 and sets the flags. */
  void subs(Reg target, Reg left, int right) {
    immediate(0xF1000000, target, left, right);
  }

  /**
   * Adds a constant. One that does not fit into 24 bits goes through {@code scratch}, which must
   * not be {@code source}; nothing is emitted when nothing changes.
   */
  void add(Reg target, Reg source, long value, Reg scratch) {
    long magnitude = Math.abs(value);
    if (value == 0) {
      if (target != source) {
        mov(target, source);
      }
      return;
    }
    if (magnitude < 0 || magnitude > 0xFFFFFF) {
      mov(scratch, value);
      add(target, source, scratch);
      return;
    }
    int instruction = value < 0 ? 0xD1000000 : 0x91000000;
    int low = (int) magnitude & MOST_IMMEDIATE;
    int high = (int) magnitude >>> 12;
    Reg from = source;
    if (low != 0 || high == 0) {
      immediate(instruction, target, from, low);
      from = target;
    }
    if (high != 0) {
      immediate(instruction | 1 << 22, target, from, high);
    }
  }

  private void immediate(int instruction, Reg target, Reg source, int value) {
    if (value < 0 || value > MOST_IMMEDIATE) {
      throw new IllegalArgumentException("constant " + value + " is not in [0, 4095]");
    }
    emit(instruction | value << 10 | source.ordinal() << 5 | target.ordinal());
  }

  /** {@code left & ~right}. */
  void bic(Reg target, Reg left, Reg right) {
    emit(rrr(0x8A200000, target, left, right));
  }

  void lsl(Reg target, Reg left, Reg right) {
    emit(rrr(0x9AC02000, target, left, right));
  }

  /** Extracts {@code width} bits from bit {@code low} on. */
  void ubfx(Reg target, Reg source, int low, int width) {
    int fields = low << 16 | (low + width - 1) << 10;
    emit(0xD3400000 | fields | source.ordinal() << 5 | target.ordinal());
  }

  // Memory

  void ldr(Reg target, Mem source) {
    emit(scaled(0xF9400000, source, 3) | target.ordinal());
  }

  void str(Reg source, Mem target) {
    emit(scaled(0xF9000000, target, 3) | source.ordinal());
  }

  private static int scaled(int instruction, Mem operand, int logBytes) {
    int offset = operand.offset() >> logBytes;
    if (operand.index() != null
        || offset << logBytes != operand.offset()
        || offset < 0
        || offset > MOST_IMMEDIATE) {
      throw new IllegalArgumentException(operand + " cannot be encoded");
    }
    return instruction | offset << 10 | operand.base().ordinal() << 5;
  }

  /** Stores two registers at {@code [sp, #-bytes]} and lowers the stack pointer there. */
  void push(Reg first, Reg second, int bytes) {
    emit(pair(0xA9800000, first.ordinal(), second.ordinal(), -bytes, 3));
  }

  /** Loads two registers from the stack pointer and raises it by {@code bytes}. */
  void pop(Reg first, Reg second, int bytes) {
    emit(pair(0xA8C00000, first.ordinal(), second.ordinal(), bytes, 3));
  }

  static int pair(int instruction, int first, int second, int bytes, int logBytes) {
    int offset = bytes >> logBytes;
    if (offset << logBytes != bytes || offset < -64 || offset > 63) {
      throw new IllegalArgumentException("distance " + bytes + " of a pair cannot be encoded");
    }
    return instruction | (offset & 0x7F) << 15 | second << 10 | Reg.SP.ordinal() << 5 | first;
  }

  // Caches

  /** Loads the cache type register, which states the lengths of the caches' lines. */
  void mrsCtr(Reg target) {
    emit(0xD53B0020 | target.ordinal());
  }

  /** Writes the line of the data cache at an address back to where instructions are read from. */
  void dcCvau(Reg address) {
    emit(0xD50B7B20 | address.ordinal());
  }

  /** Drops the line of the instruction caches at an address. */
  void icIvau(Reg address) {
    emit(0xD50B7520 | address.ordinal());
  }

  /** Waits until memory and cache operations are complete for all cores. */
  void dsbIsh() {
    emit(0xD5033B9F);
  }

  /** Drops what this core has fetched already. */
  void isb() {
    emit(0xD5033FDF);
  }
}
