package io.compresso.kernel.jit.x86;

import io.compresso.kernel.Acceptance;
import io.compresso.kernel.BlockGemmProblem;
import io.compresso.kernel.CpuFeatures;
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

/**
 * Products of a few rows with weights quantized in blocks, in AVX-512 code that reads the weights
 * as the bytes that they are and dequantizes them in registers.
 */
public final class X86BlockGemm implements Kernel {
  private static final KernelSpec SPEC =
      new KernelSpec(
          "f32-block-gemm-8x16-avx512",
          KernelFamily.BLOCK_GEMM,
          Set.of(DType.FLOAT),
          new KernelSpec.Tile(BlockGemmCode.MOST_ROWS, BlockGemmCode.COLUMNS, 1),
          "[n/16][k/8][16][8]",
          Isa.AVX512);

  @Override
  public KernelSpec spec() {
    return SPEC;
  }

  @Override
  public Acceptance accepts(Problem problem, CpuFeatures cpu) {
    if (!(problem instanceof BlockGemmProblem product)) {
      return Acceptance.no("not a product with weights in blocks");
    }
    long input = 4L * product.m() * product.blocks() * product.block();
    return Acceptance.when(
            product.m() <= BlockGemmCode.MOST_ROWS,
            "more than %d rows".formatted(BlockGemmCode.MOST_ROWS))
        .and(Acceptance.when(product.k() > 0, "no depth"))
        .and(
            Acceptance.when(
                Math.max(input, product.outputBytes()) <= Integer.MAX_VALUE,
                "operands of more than 2 GB"))
        .and(ExecutableMemory.allowed());
  }

  @Override
  public PreparedKernel prepare(Problem problem, Weights weights) {
    return new BlockGemmRun(SPEC, (BlockGemmProblem) problem, weights);
  }
}
