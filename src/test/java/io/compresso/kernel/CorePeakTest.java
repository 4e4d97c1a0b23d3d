package io.compresso.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import io.compresso.kernel.jit.ExecutableMemory;
import io.compresso.tensor.DType;
import org.junit.jupiter.api.Test;

class CorePeakTest {
  @Test
  void peak_isMeasured_whereMachineCodeRuns() {
    boolean possible =
        CpuFeatures.host().withoutCap().supports(Isa.AVX2).accepted()
            && ExecutableMemory.allowed().accepted();
    assertThat(CorePeak.macsPerSecond(DType.FLOAT).isPresent()).isEqualTo(possible);
    if (possible) {
      assertThat(CorePeak.macsPerSecond(DType.FLOAT).getAsDouble()).isGreaterThan(1e8);
      assertThat(CorePeak.macsPerSecond(DType.BFLOAT16).getAsDouble()).isGreaterThan(1e8);
      assertThat(CorePeak.macsPerSecond(DType.INT8).getAsDouble()).isGreaterThan(1e8);
      assertThat(CorePeak.readBytesPerSecond(100_000).getAsDouble()).isGreaterThan(1e7);
    }
  }
}
