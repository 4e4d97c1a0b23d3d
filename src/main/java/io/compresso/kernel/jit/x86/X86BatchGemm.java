package io.compresso.kernel.jit.x86;

import io.compresso.kernel.Acceptance;
import io.compresso.kernel.BatchGemmProblem;
import io.compresso.kernel.CpuFeatures;
import io.compresso.kernel.Isa;
import io.compresso.kernel.Kernel;
import io.compresso.kernel.KernelFamily;
import io.compresso.kernel.KernelSpec;
import io.compresso.kernel.OperandTypes;
import io.compresso.kernel.PreparedKernel;
import io.compresso.kernel.Problem;
import io.compresso.kernel.Weights;
import io.compresso.kernel.jit.ExecutableMemory;
import io.compresso.tensor.DType;
import java.util.Set;

/** Batches of float products in AVX2 or AVX-512 code, one dispatch for all. */
public final class X86BatchGemm implements Kernel {
  private final KernelSpec spec;

  /**
   * @param isa {@code AVX2} or {@code AVX512}
   */
  public X86BatchGemm(Isa isa) {
    int rows = GemmProduct.mostRows(Factors.FLOATS, isa);
    int columns = GemmProduct.width(isa);
    this.spec =
        new KernelSpec(
            "f32-batchgemm-%dx%d-%s".formatted(rows, columns, isa),
            KernelFamily.BATCH_GEMM,
            Set.of(DType.FLOAT),
            new KernelSpec.Tile(rows, columns, 1),
            "",
            isa);
  }

  @Override
  public KernelSpec spec() {
    return spec;
  }

  @Override
  public Acceptance accepts(Problem problem, CpuFeatures cpu) {
    if (!(problem instanceof BatchGemmProblem batch)) {
      return Acceptance.no("not a batch of matrix products");
    }
    boolean transposes = VectorSet.of(spec.isa()) == VectorSet.AVX512;
    return Acceptance.when(batch.product().types().equals(OperandTypes.FLOAT), "not of floats")
        .and(X86Gemm.acceptsTypes(batch.product(), spec.inputTypes()))
        .and(
            Acceptance.when(
                batch.b().column() == 1 || (transposes && batch.b().row() == 1),
                "right operands without adjacent elements"))
        .and(Acceptance.when(batch.output().column() == 1, "results without adjacent elements"))
        .and(accepts(batch))
        .and(ExecutableMemory.allowed());
  }

  private static Acceptance accepts(BatchGemmProblem batch) {
    long left = Math.max(batch.a().row(), batch.a().column());
    long right = Math.max(batch.b().row(), batch.b().column());
    long size = Math.max(batch.product().m(), Math.max(batch.product().n(), batch.product().k()));
    return GemmProduct.accepts(4 * Math.max(Math.max(left, right), batch.output().row()))
        .and(GemmProduct.accepts(4 * size));
  }

  @Override
  public PreparedKernel prepare(Problem problem, Weights weights) {
    return new BatchGemmRun(spec, (BatchGemmProblem) problem, weights);
  }
}
