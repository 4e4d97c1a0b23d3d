package io.compresso.kernel.jit.x86;

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
import io.compresso.tensor.DType;
import java.util.Set;

/** The float matrix product in AVX2 or AVX-512 code. */
public final class X86Gemm implements Kernel {
  private final VectorSet set;
  private final KernelSpec spec;

  /**
   * @param isa {@code AVX2} or {@code AVX512}
   */
  public X86Gemm(Isa isa) {
    this.set = VectorSet.of(isa);
    int rows = JitPanel.mostRows(Factors.FLOATS, set);
    int columns = JitPanel.factory(Factors.FLOATS, set).width();
    this.spec =
        new KernelSpec(
            "f32-gemm-%dx%d-%s".formatted(rows, columns, isa),
            KernelFamily.GEMM,
            Set.of(DType.FLOAT),
            new KernelSpec.Tile(rows, columns, 1),
            "[n/%d][k][%d]".formatted(columns, columns),
            isa);
  }

  @Override
  public KernelSpec spec() {
    return spec;
  }

  @Override
  public Acceptance accepts(Problem problem, CpuFeatures cpu) {
    return problem instanceof GemmProblem gemm
        ? Acceptance.when(gemm.types().equals(OperandTypes.FLOAT), "not of floats")
            .and(gemm.epilogue().isPlain())
            .and(JitPanel.accepts(1, Math.max(gemm.m(), Math.max(gemm.n(), gemm.k()))))
            .and(ExecutableMemory.allowed())
        : Acceptance.no("not a matrix product");
  }

  @Override
  public PreparedKernel prepare(Problem problem, Weights weights) {
    return new PanelGemm(
        spec, (GemmProblem) problem, weights, JitPanel.factory(Factors.FLOATS, set));
  }
}
