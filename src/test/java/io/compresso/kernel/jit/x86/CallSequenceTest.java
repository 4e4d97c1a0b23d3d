package io.compresso.kernel.jit.x86;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.compresso.kernel.CpuFeatures;
import io.compresso.kernel.Isa;
import io.compresso.kernel.jit.ExecutableMemory;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class CallSequenceTest {
  private static final Gpr[] REGISTERS = {Gpr.RSI, Gpr.RDX, Gpr.RCX, Gpr.R8, Gpr.R9};

  @BeforeAll
  static void requireMachineCode() {
    assumeTrue(
        CpuFeatures.host().withoutCap().supports(Isa.AVX2).accepted()
            && ExecutableMemory.allowed().accepted());
  }

  /** Code that writes all parameters but the first to where the first points. */
  private static byte[] notes() {
    Assembler a = new Assembler();
    for (int i = 0; i < REGISTERS.length; i++) {
      a.mov(Mem.at(Gpr.RDI, 8L * i), REGISTERS[i]);
    }
    for (int i = 0; i < 2; i++) {
      a.mov(Gpr.RAX, Mem.at(Gpr.RSP, 8L * (1 + i)));
      a.mov(Mem.at(Gpr.RDI, 8L * (REGISTERS.length + i)), Gpr.RAX);
    }
    a.ret();
    return a.toBytes();
  }

  private static CallSequence.Call call(MemorySegment code, MemorySegment target, long first) {
    return new CallSequence.Call(
        code,
        target.address(),
        first,
        first + 1,
        first + 2,
        first + 3,
        first + 4,
        first + 5,
        first + 6);
  }

  @Test
  void calls_getTheirParametersInOrder_whenRunTwice() {
    try (ExecutableMemory code = ExecutableMemory.of(notes());
        Arena arena = Arena.ofConfined()) {
      MemorySegment first = arena.allocate(56, 8);
      MemorySegment second = arena.allocate(56, 8);
      CallSequence sequence =
          new CallSequence(
              List.of(
                  call(code.entry(), first, 10),
                  call(code.entry(), second, 20),
                  call(code.entry(), first, -30)));
      for (int run = 0; run < 2; run++) {
        first.fill((byte) 0);
        second.fill((byte) 0);
        sequence.run();
        assertThat(first.toArray(ValueLayout.JAVA_LONG))
            .containsExactly(-30, -29, -28, -27, -26, -25, -24);
        assertThat(second.toArray(ValueLayout.JAVA_LONG))
            .containsExactly(20, 21, 22, 23, 24, 25, 26);
      }
    }
  }

  @Test
  void run_doesNothing_whenThereAreNoCalls() {
    new CallSequence(List.of()).run();
  }

  @Test
  void call_isRefused_whenParametersAreMissing() {
    assertThatThrownBy(() -> new CallSequence.Call(MemorySegment.NULL, 1, 2))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("2 parameters");
  }
}
