package io.compresso.evaluate;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TargetTest {
  private static final String AVX512 = "avx2 fma avx512f avx512bw avx512dq avx512vl";

  private static Target of(String architecture, String flags) {
    return Target.of(architecture, Set.of(flags.split(" ")), "cpu", Map.of("L2", "1024K"));
  }

  @ParameterizedTest
  @CsvSource({
    "x86,sse2,x86-64",
    "x86,sse2 avx2 fma,x86-avx2",
    "x86,avx2 fma avx_vnni,x86-avxvnni",
    "x86," + AVX512 + ",x86-avx512",
    "x86," + AVX512 + " avx512_vnni,x86-avx512vnni",
    "x86," + AVX512 + " avx512_vnni amx_tile amx_int8,x86-amx",
    "arm,asimd,arm64-neon",
    "arm,asimd asimddp,arm64-dotprod",
    "arm,asimddp i8mm,arm64-i8mm",
    "riscv64,v,riscv64"
  })
  void id_isTheBestLevel(String architecture, String flags, String id) {
    assertThat(of(architecture, flags).id()).isEqualTo(id);
  }

  @Test
  void target_coversItsLowerLevelsOnly() {
    Target target = of("x86", AVX512 + " avx512_vnni");
    assertThat(target.covers(Target.AUTO)).isTrue();
    assertThat(target.covers("x86-avx2")).isTrue();
    assertThat(target.covers("x86-avx512vnni")).isTrue();
    assertThat(target.covers("x86-avxvnni")).isFalse();
    assertThat(target.covers("x86-amx")).isFalse();
    assertThat(target.covers("arm64-dotprod")).isFalse();
    assertThat(Target.known()).containsAll(target.levels());
  }

  @Test
  void host_isDescribed() {
    Target host = Target.host();
    assertThat(host.covers(host.id())).isTrue();
    assertThat(host.cores()).isPositive();
    assertThat(host.describe()).containsKeys("id", "model", "architecture", "cores", "os", "jvm");
    assertThat(List.copyOf(host.describe().values())).doesNotContainNull();
  }
}
