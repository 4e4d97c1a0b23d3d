package io.compresso.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class CpuFeaturesTest {
  private final CpuFeatures cpu =
      CpuFeatures.parse(
          "amd64", List.of("processor\t: 0", "flags\t\t: fpu avx2 fma f16c", "flags\t\t: fpu"));

  @Test
  void rungs_areThoseWhoseFlagsTheCpuHas() {
    assertThat(cpu.rungs()).containsExactly(Isa.REF, Isa.VECTOR, Isa.AVX2);
    assertThat(cpu.supports(Isa.AVX_VNNI).refusal()).hasValue("the CPU lacks avx_vnni");
  }

  @Test
  void rungs_endAtTheCap() {
    CpuFeatures capped =
        new CpuFeatures(cpu.architecture(), cpu.flags(), Optional.of(Isa.ofName("vector")));
    assertThat(capped.rungs()).containsExactly(Isa.REF, Isa.VECTOR);
    assertThat(capped.supports(Isa.AVX2).refusal())
        .hasValue("the instruction set is capped at vector");
  }

  @Test
  void rungs_arePortable_whenNothingIsKnownOfTheCpu() {
    assertThat(CpuFeatures.parse("riscv64", List.of()).rungs())
        .containsExactly(Isa.REF, Isa.VECTOR);
    assertThat(CpuFeatures.parse("aarch64", List.of("Features : avx2 fma f16c")).rungs())
        .containsExactly(Isa.REF, Isa.VECTOR);
  }
}
