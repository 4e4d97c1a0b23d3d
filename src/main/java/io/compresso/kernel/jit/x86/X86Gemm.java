package io.compresso.kernel.jit.x86;

import io.compresso.kernel.Acceptance;
import io.compresso.kernel.CpuFeatures;
import io.compresso.kernel.Epilogue.Residual;
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
import io.compresso.tensor.DType;
import java.util.Set;

/**
 * The float matrix product in AVX2 or AVX-512 code. Floats of 16 bits are widened as they are read;
 * the sums are of 32 bits, rounded when they are stored. With AVX512_BF16, products of bfloat16
 * with bfloat16 are summed in pairs.
 */
public final class X86Gemm implements Kernel {
  private static final Set<DType> FLOATS = Set.of(DType.FLOAT, DType.FLOAT16, DType.BFLOAT16);

  private final KernelSpec spec;
  private final Factors factors;

  /**
   * @param isa {@code AVX2}, {@code AVX512} or {@code AVX512_BF16}
   */
  public X86Gemm(Isa isa) {
    this.factors = isa == Isa.AVX512_BF16 ? Factors.BFLOAT16_PAIRS : Factors.FLOATS;
    int rows = GemmProduct.mostRows(factors, isa);
    int columns = GemmProduct.width(isa);
    boolean pairs = factors == Factors.BFLOAT16_PAIRS;
    this.spec =
        new KernelSpec(
            (pairs ? "bf16-gemm-%dx%dc2-%s" : "f32-gemm-%dx%d-%s").formatted(rows, columns, isa),
            KernelFamily.GEMM,
            pairs ? Set.of(DType.BFLOAT16) : FLOATS,
            new KernelSpec.Tile(rows, columns, pairs ? 2 : 1),
            (pairs ? "[n/%d][k/2][%d][2]" : "[n/%d][k][%d]").formatted(columns, columns),
            isa);
  }

  @Override
  public KernelSpec spec() {
    return spec;
  }

  @Override
  public Acceptance accepts(Problem problem, CpuFeatures cpu) {
    if (!(problem instanceof GemmProblem gemm)) {
      return Acceptance.no("not a matrix product");
    }
    return acceptsTypes(gemm, spec.inputTypes())
        .and(GemmProduct.accepts(4L * Math.max(gemm.m(), Math.max(gemm.n(), gemm.k()))))
        .and(ExecutableMemory.allowed());
  }

  /** Whether a product is of the given floats. */
  static Acceptance acceptsTypes(GemmProblem problem, Set<DType> factors) {
    OperandTypes types = problem.types();
    Residual residual = problem.epilogue().residual();
    return Acceptance.when(
            factors.contains(types.input())
                && factors.contains(types.weight())
                && FLOATS.contains(types.output()),
            "not of " + factors)
        .and(
            Acceptance.when(
                residual != Residual.ADDED_TO_QUANTIZED, "a quantized residual of floats"));
  }

  @Override
  public PreparedKernel prepare(Problem problem, Weights weights) {
    return new FloatGemmRun(spec, (GemmProblem) problem, weights, factors, null);
  }
}
