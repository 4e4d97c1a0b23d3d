package io.compresso.kernel.vector;

import io.compresso.kernel.Acceptance;
import io.compresso.kernel.CpuFeatures;
import io.compresso.kernel.GemmProblem;
import io.compresso.kernel.Isa;
import io.compresso.kernel.Kernel;
import io.compresso.kernel.KernelFamily;
import io.compresso.kernel.KernelSpec;
import io.compresso.kernel.OperandTypes;
import io.compresso.kernel.PreparedKernel;
import io.compresso.kernel.Problem;
import io.compresso.kernel.Weights;
import io.compresso.kernel.panel.PanelGemm;
import io.compresso.tensor.DType;
import java.util.Set;

/** The float matrix product in the Vector API. */
public final class VectorGemm implements Kernel {
  private static final KernelSpec SPEC =
      new KernelSpec(
          "f32-gemm-6x2v-vector",
          KernelFamily.GEMM,
          Set.of(DType.FLOAT),
          new KernelSpec.Tile(6, 2, 1),
          "[n/2v][k][2v]",
          Isa.VECTOR);

  @Override
  public KernelSpec spec() {
    return SPEC;
  }

  @Override
  public Acceptance accepts(Problem problem, CpuFeatures cpu) {
    return problem instanceof GemmProblem gemm
        ? VectorModule.present()
            .and(Acceptance.when(gemm.types().equals(OperandTypes.FLOAT), "not of floats"))
            .and(gemm.epilogue().isPlain())
        : Acceptance.no("not a matrix product");
  }

  @Override
  public PreparedKernel prepare(Problem problem, Weights weights) {
    return new PanelGemm(SPEC, (GemmProblem) problem, weights, VectorPanel.FACTORY);
  }
}
