package io.compresso.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import io.compresso.kernel.ConvProblem.Channels;
import io.compresso.kernel.ConvProblem.Layout;
import io.compresso.kernel.Epilogue.Residual;
import io.compresso.kernel.KernelCatalog.Refusal;
import io.compresso.kernel.KernelCatalog.Selection;
import io.compresso.tensor.DType;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

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

  @ParameterizedTest
  @MethodSource("machines")
  void select_takesTheReferenceForNoProductOfFloatsOrBytes(CpuFeatures cpu) {
    List<OperandTypes> types = new ArrayList<>();
    for (DType output : List.of(DType.FLOAT, DType.FLOAT16, DType.BFLOAT16)) {
      types.add(OperandTypes.all(output));
    }
    types.add(new OperandTypes(DType.FLOAT16, DType.FLOAT16, DType.FLOAT));
    types.add(new OperandTypes(DType.UINT8, DType.INT8, DType.FLOAT));
    types.add(new OperandTypes(DType.FLOAT, DType.INT8, DType.FLOAT));
    List<Epilogue> epilogues =
        List.of(
            Epilogue.NONE,
            Epilogue.BIAS.withRelu(),
            Epilogue.BIAS.withActivation(Activation.GELU),
            Epilogue.NONE.withResidual(Residual.ADDED).withRelu());
    for (OperandTypes of : types) {
      for (Epilogue epilogue : epilogues) {
        GemmProblem gemm = PROBLEM.withTypes(of).withEpilogue(epilogue);
        assertNotReference(gemm, cpu);
        if (!of.isInt8()) {
          assertNotReference(BatchGemmProblem.dense(gemm, 3), cpu);
        }
        if (!of.quantizesRows()) {
          for (Layout layout : Layout.values()) {
            assertNotReference(convolution(of, layout, epilogue), cpu);
          }
        }
      }
    }
  }

  @ParameterizedTest
  @MethodSource("machines")
  void select_takesTheReferenceForNoProductToBytesWithAResidual(CpuFeatures cpu) {
    for (Residual residual : Residual.values()) {
      OperandTypes types = new OperandTypes(DType.UINT8, DType.INT8, DType.UINT8);
      Epilogue epilogue = Epilogue.BIAS.withResidual(residual);
      assertNotReference(PROBLEM.withTypes(types).withEpilogue(epilogue), cpu);
      for (Layout layout : Layout.values()) {
        assertNotReference(convolution(types, layout, epilogue), cpu);
      }
    }
  }

  private static ConvProblem convolution(OperandTypes types, Layout layout, Epilogue epilogue) {
    SpatialAxis axis = SpatialAxis.of(9, 3, 1);
    return new ConvProblem(types, layout, 1, new Channels(8, 8, 1), List.of(axis, axis), epilogue);
  }

  @ParameterizedTest
  @MethodSource("machines")
  void select_takesTheReferenceForNoFunctionOfIntegers(CpuFeatures cpu) {
    for (BinaryFunction function : BinaryFunction.values()) {
      for (DType type : List.of(DType.INT32, DType.INT64)) {
        if (function.takesIntegers()) {
          assertNotReference(new BinaryProblem(function, type, Broadcast.none(5)), cpu);
        }
      }
    }
  }

  static Stream<CpuFeatures> machines() {
    Set<String> neon = Set.of("asimd");
    Set<String> best = Set.of("asimd", "asimdhp", "fphp", "asimddp", "i8mm", "bf16");
    return Stream.of(
        CpuFeatures.host(),
        CpuFeatures.host(Isa.VECTOR),
        new CpuFeatures("arm", neon, Optional.empty()),
        new CpuFeatures("arm", best, Optional.empty()));
  }

  private static void assertNotReference(Problem problem, CpuFeatures cpu) {
    assertThat(KernelCatalog.select(problem, cpu).kernel().spec().isa())
        .as("%s", problem)
        .isNotEqualTo(Isa.REF);
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
