package io.compresso.kernel.jit.x86;

/** The instructions of general registers, by their names in Intel's manual, destination first. */
abstract class GeneralAssembler extends Encoder {
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

  /** Calls what lies at an address that is in memory. */
  void call(Mem address) {
    rex(0, address);
    code.int8(0xFF);
    modRm(2, address);
  }

  /** Asks for the leaf in {@code eax} and {@code ecx}; overwrites {@code rax} to {@code rbx}. */
  void cpuid() {
    code.int8(0x0F);
    code.int8(0xA2);
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
}
