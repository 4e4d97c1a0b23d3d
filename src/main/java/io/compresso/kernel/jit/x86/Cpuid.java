package io.compresso.kernel.jit.x86;

import static java.lang.foreign.ValueLayout.JAVA_INT;

import io.compresso.kernel.jit.ExecutableMemory;
import io.compresso.kernel.jit.NativeCall;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * What the instruction CPUID answers.
 *
 * @param eax the first of the four registers
 */
record Cpuid(int eax, int ebx, int ecx, int edx) {
  private static final int REGISTER_BYTES = 8;

  /**
   * Asks the CPU.
   *
   * @throws IllegalStateException if the system refuses executable memory
   */
  static Cpuid of(int leaf, int subleaf) {
    MemorySegment none = MemorySegment.NULL;
    try (ExecutableMemory code = ExecutableMemory.of(generate());
        Arena arena = Arena.ofConfined()) {
      MemorySegment answer = arena.allocate(4 * REGISTER_BYTES, REGISTER_BYTES);
      NativeCall.block(code.entry(), answer, none, none, none, leaf, subleaf, none);
      return new Cpuid(
          answer.get(JAVA_INT, 0),
          answer.get(JAVA_INT, REGISTER_BYTES),
          answer.get(JAVA_INT, 2 * REGISTER_BYTES),
          answer.get(JAVA_INT, 3 * REGISTER_BYTES));
    }
  }

  /** {@code void f(answer, -, -, -, leaf, subleaf, -)}. */
  private static byte[] generate() {
    Assembler a = new Assembler();
    a.push(Gpr.RBX);
    a.mov(Gpr.RAX, Gpr.R8);
    a.mov(Gpr.RCX, Gpr.R9);
    a.cpuid();
    a.mov(Mem.at(Gpr.RDI), Gpr.RAX);
    a.mov(Mem.at(Gpr.RDI, REGISTER_BYTES), Gpr.RBX);
    a.mov(Mem.at(Gpr.RDI, 2 * REGISTER_BYTES), Gpr.RCX);
    a.mov(Mem.at(Gpr.RDI, 3 * REGISTER_BYTES), Gpr.RDX);
    a.pop(Gpr.RBX);
    a.ret();
    return a.toBytes();
  }
}
