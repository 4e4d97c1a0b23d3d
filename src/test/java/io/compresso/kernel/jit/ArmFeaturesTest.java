package io.compresso.kernel.jit;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class ArmFeaturesTest {
  /** The words of a Neoverse V1. */
  private static final long HWCAP = 0xecfffffbL | 1L << 1;

  private static final long HWCAP2 = 1L << 13 | 1L << 14;

  @Test
  void flags_areNamedAsInCpuInfo() {
    assertThat(ArmFeatures.flags(HWCAP, HWCAP2))
        .contains("asimd", "asimdhp", "fphp", "asimddp", "asimdfhm", "i8mm", "bf16");
    assertThat(ArmFeatures.flags(0b11, 0)).containsExactly("asimd", "fp");
    assertThat(ArmFeatures.flags(0, 0)).isEmpty();
  }
}
