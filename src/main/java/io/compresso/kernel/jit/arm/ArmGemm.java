package io.compresso.kernel.jit.arm;

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
import io.compresso.kernel.jit.ExecutableMemory;
import io.compresso.kernel.panel.PanelGemm;
import io.compresso.kernel.panel.PanelProduct;
import io.compresso.tensor.DType;
import java.util.Set;

/** The float matrix product in NEON code. */
public final class ArmGemm implements Kernel {
  private static final PanelProduct.Factory FACTORY = ArmPanel.factory(Products.FLOATS);
  private static final KernelSpec.Tile TILE =
      new KernelSpec.Tile(Products.FLOATS.mostRows(), FACTORY.width(), 1);
  private static final KernelSpec SPEC =
      new KernelSpec(
          "f32-gemm-%dx%d-%s".formatted(TILE.rows(), TILE.columns(), Isa.NEON),
          KernelFamily.GEMM,
          Set.of(DType.FLOAT),
          TILE,
          "[n/%d][k][%d]".formatted(TILE.columns(), TILE.columns()),
          Isa.NEON);

  @Override
  public KernelSpec spec() {
    return SPEC;
  }

  @Override
  public Acceptance accepts(Problem problem, CpuFeatures cpu) {
    return problem instanceof GemmProblem gemm
        ? Acceptance.when(gemm.types().equals(OperandTypes.FLOAT), "not of floats")
            .and(gemm.epilogue().isPlain())
            .and(ArmPanel.accepts(1, Math.max(gemm.m(), Math.max(gemm.n(), gemm.k()))))
            .and(ExecutableMemory.allowed())
        : Acceptance.no("not a matrix product");
  }

  @Override
  public PreparedKernel prepare(Problem problem, Weights weights) {
    return new PanelGemm(SPEC, (GemmProblem) problem, weights, FACTORY);
  }
}
