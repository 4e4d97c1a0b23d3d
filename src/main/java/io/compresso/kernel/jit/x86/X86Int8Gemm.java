package io.compresso.kernel.jit.x86;

import io.compresso.kernel.Acceptance;
import io.compresso.kernel.Activation;
import io.compresso.kernel.CpuFeatures;
import io.compresso.kernel.Epilogue;
import io.compresso.kernel.GemmProblem;
import io.compresso.kernel.Isa;
import io.compresso.kernel.Kernel;
import io.compresso.kernel.KernelFamily;
import io.compresso.kernel.KernelSpec;
import io.compresso.kernel.PreparedKernel;
import io.compresso.kernel.Problem;
import io.compresso.kernel.Weights;
import io.compresso.kernel.jit.ExecutableMemory;
import io.compresso.tensor.DType;
import java.util.Set;

/** The 8-bit matrix product in AVX2, AVX-VNNI or AVX-512 VNNI code. */
public final class X86Int8Gemm implements Kernel {
  private final KernelSpec spec;

  /**
   * @param isa {@code AVX2}, {@code AVX_VNNI} or {@code AVX512_VNNI}
   */
  public X86Int8Gemm(Isa isa) {
    Factors factors = Factors.UNSIGNED_BY_SIGNED;
    int rows = GemmProduct.mostRows(factors, isa);
    int columns = GemmProduct.width(isa);
    this.spec =
        new KernelSpec(
            "qx8-gemm-%dx%dc4-%s".formatted(rows, columns, isa),
            KernelFamily.GEMM,
            Set.of(DType.UINT8, DType.INT8, DType.FLOAT),
            new KernelSpec.Tile(rows, columns, 4),
            "[n/%d][k/4][%d][4]".formatted(columns, columns),
            isa);
  }

  @Override
  public KernelSpec spec() {
    return spec;
  }

  @Override
  public Acceptance accepts(Problem problem, CpuFeatures cpu) {
    return problem instanceof GemmProblem gemm
        ? acceptsTypes(gemm)
            .and(GemmProduct.accepts(4L * Math.max(gemm.m(), Math.max(gemm.n(), gemm.k()))))
            .and(ExecutableMemory.allowed())
        : Acceptance.no("not a matrix product");
  }

  /** Whether a product is of bytes, with an epilogue that means something for its output. */
  static Acceptance acceptsTypes(GemmProblem problem) {
    DType output = problem.types().output();
    Epilogue epilogue = problem.epilogue();
    boolean floats = output == DType.FLOAT;
    boolean fits =
        switch (epilogue.residual()) {
          case NONE -> true;
          case ADDED -> output != DType.INT32;
          case ADDED_TO_QUANTIZED -> output.bits() == 8;
        };
    return Acceptance.when(
            problem.types().isInt8()
                || (problem.types().quantizesRows() && !problem.transpose().a()),
            "not of bytes")
        .and(
            Acceptance.when(
                floats || output == DType.INT32 || output == DType.UINT8 || output == DType.INT8,
                "no output of " + output))
        .and(
            Acceptance.when(
                fits && (floats || epilogue.activation() == Activation.NONE),
                "an epilogue with activation %s and residual %s for %s",
                epilogue.activation(),
                epilogue.residual(),
                output));
  }

  @Override
  public PreparedKernel prepare(Problem problem, Weights weights) {
    return new Int8GemmRun(spec, (GemmProblem) problem, weights, null);
  }
}
