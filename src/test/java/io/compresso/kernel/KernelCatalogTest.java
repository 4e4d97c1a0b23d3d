package io.compresso.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import io.compresso.kernel.KernelCatalog.Refusal;
import io.compresso.kernel.KernelCatalog.Selection;
import io.compresso.tensor.DType;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;

class KernelCatalogTest {
  private static final GemmProblem PROBLEM = GemmProblem.ofFloat(4, 4, 4);

  @Test
  void select_takesTheFirstKernelBelowTheCap_andSaysWhyNotTheOnesBefore() {
    Selection selection = KernelCatalog.select(PROBLEM, CpuFeatures.host(Isa.VECTOR));
    assertThat(selection.kernel().spec().id()).isEqualTo("f32-gemm-6x2v-vector");
    assertThat(selection.refusals().getFirst())
        .isEqualTo(
            new Refusal(
                KernelCatalog.of(KernelFamily.GEMM).getFirst().spec(),
                "the instruction set is capped at vector"));
  }

  @Test
  void select_takesTheReference_whenTheCapIsRef() {
    assertThat(KernelCatalog.select(PROBLEM, CpuFeatures.host(Isa.REF)).kernel().spec().isa())
        .isEqualTo(Isa.REF);
  }

  @Test
  void select_takesPortableKernels_onAnUnknownCpu() {
    CpuFeatures unknown = new CpuFeatures("riscv64", Set.of(), Optional.empty());
    assertThat(KernelCatalog.select(PROBLEM, unknown).kernel().spec().isa()).isEqualTo(Isa.VECTOR);
  }

  @Test
  void select_takesTheReference_forTypesThatNoOtherKernelHas() {
    Selection selection =
        KernelCatalog.select(PROBLEM.withTypes(OperandTypes.all(DType.DOUBLE)), CpuFeatures.host());
    assertThat(selection.kernel().spec().isa()).isEqualTo(Isa.REF);
    assertThat(selection.refusals())
        .hasSize(KernelCatalog.of(KernelFamily.GEMM).size() - 1)
        .allSatisfy(refusal -> assertThat(refusal.reason()).isNotBlank());
  }

  @Test
  void kernels_ofAFamily_haveIdsOfTheirOwn_andEndWithTheReference() {
    assertThat(KernelCatalog.all().stream().map(kernel -> kernel.spec().id()))
        .doesNotHaveDuplicates();
    for (KernelFamily family : KernelFamily.values()) {
      assertThat(KernelCatalog.of(family).getLast().spec().isa()).isEqualTo(Isa.REF);
    }
  }
}
