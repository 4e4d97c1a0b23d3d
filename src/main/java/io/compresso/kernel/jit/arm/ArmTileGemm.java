package io.compresso.kernel.jit.arm;

import io.compresso.kernel.Acceptance;
import io.compresso.kernel.CpuFeatures;
import io.compresso.kernel.GemmProblem;
import io.compresso.kernel.Isa;
import io.compresso.kernel.Kernel;
import io.compresso.kernel.KernelFamily;
import io.compresso.kernel.KernelSpec;
import io.compresso.kernel.PreparedKernel;
import io.compresso.kernel.Problem;
import io.compresso.kernel.Weights;
import io.compresso.kernel.nhwc.NhwcGemm;

/**
 * The matrix product in NEON code with every epilogue but activations: of bytes, or of floats of
 * single and half precision and of bfloat16, which are summed in single precision.
 */
public final class ArmTileGemm implements Kernel {
  private final ArmTiles tiles;
  private final KernelSpec spec;

  private ArmTileGemm(ArmTiles tiles, String name) {
    this.tiles = tiles;
    this.spec = tiles.spec(KernelFamily.GEMM, name, "[n/%2$d][k/%1$d][%2$d][%1$d]");
  }

  /** Of floats. */
  public static ArmTileGemm ofFloats() {
    return new ArmTileGemm(ArmTiles.ofFloats(), "gemm-fused");
  }

  /** Of bfloat16 numbers. */
  public static ArmTileGemm ofBfloats() {
    return new ArmTileGemm(ArmTiles.ofBfloats(), "gemm");
  }

  /**
   * Of bytes.
   *
   * @param isa {@code NEON}, {@code NEON_DOTPROD} or {@code NEON_I8MM}
   */
  public static ArmTileGemm ofBytes(Isa isa) {
    return new ArmTileGemm(ArmTiles.ofBytes(isa), "gemm");
  }

  @Override
  public KernelSpec spec() {
    return spec;
  }

  @Override
  public Acceptance accepts(Problem problem, CpuFeatures cpu) {
    return problem instanceof GemmProblem gemm
        ? tiles.accepts(gemm, gemm.k())
        : Acceptance.no("not a matrix product");
  }

  @Override
  public PreparedKernel prepare(Problem problem, Weights weights) {
    GemmProblem gemm = (GemmProblem) problem;
    return new NhwcGemm(spec, gemm, weights, tiles.backend(gemm.types()));
  }
}
