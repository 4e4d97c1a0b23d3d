package io.compresso.kernel.jit.x86;

/** An assembler with the instructions that emulated ones are made of and no kernel needs. */
class HostAssembler extends Assembler {
  void call(Gpr target) {
    rex(target.ordinal());
    code.int8(0xFF);
    modRm(2, target.ordinal());
  }

  void pushfq() {
    code.int8(0x9C);
  }

  void popfq() {
    code.int8(0x9D);
  }

  /** Raises an invalid opcode. */
  void ud2() {
    code.int8(0x0F);
    code.int8(0x0B);
  }

  void cmp(Gpr left, Gpr right) {
    rexW(right.ordinal(), left.ordinal());
    code.int8(0x39);
    modRm(right.ordinal(), left.ordinal());
  }

  /** Stores {@code source} if {@code rax} is in memory, or else loads {@code rax}. */
  void lockCmpxchg(Mem target, Gpr source) {
    code.int8(0xF0);
    rexW(source.ordinal(), target);
    code.int8(0x0F);
    code.int8(0xB1);
    modRm(source.ordinal(), target);
  }

  /** Loads what differs from thread to thread: the address of its control block. */
  void movThreadPointer(Gpr target) {
    code.int8(0x64);
    code.int8(0x48 | (target.ordinal() >> 3) << 2);
    code.int8(0x8B);
    code.int8((target.ordinal() & 7) << 3 | 4);
    code.int8(0x25);
    code.int32(0);
  }

  void ldmxcsr(Mem source) {
    rex(0, source);
    code.int8(0x0F);
    code.int8(0xAE);
    modRm(2, source);
  }

  void stmxcsr(Mem target) {
    rex(0, target);
    code.int8(0x0F);
    code.int8(0xAE);
    modRm(3, target);
  }

  /** Copies a mask to one of the first eight general registers. */
  void kmovq(Gpr target, Mask source) {
    code.int8(0xC4);
    code.int8(0xE1);
    code.int8(0xFB);
    code.int8(0x93);
    modRm(target.ordinal(), source.ordinal());
  }
}
