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
 * Products with weights quantized in blocks, in AVX2 or AVX-512 code that reads the weights as the
 * bytes that they are: few rows dequantize them in registers, many rows share strips of them that
 * are dequantized in the cache.
 */
public final class X86BlockGemm implements Kernel {
  private final KernelSpec spec;
  private final int fewRows;

  /**
   * @param isa {@code AVX2} or {@code AVX512}
   */
  public X86BlockGemm(Isa isa) {
    VectorSet set = VectorSet.of(isa);
    int lanes = set.lanes();
    this.fewRows = BlockGemmCode.mostRows(set);
    this.spec =
        new KernelSpec(
            "f32-block-gemm-%dx%d-%s".formatted(fewRows, lanes, isa),
            KernelFamily.BLOCK_GEMM,
            Set.of(DType.FLOAT),
            new KernelSpec.Tile(fewRows, lanes, 1),
            "[n/%d][k/8][%d][8]".formatted(lanes, lanes),
            isa);
  }

  @Override
  public KernelSpec spec() {
    return spec;
  }

  @Override
  public Acceptance accepts(Problem problem, CpuFeatures cpu) {
    if (!(problem instanceof BlockGemmProblem product)) {
      return Acceptance.no("not a product with weights in blocks");
    }
    long widest = Math.max((long) product.blocks() * product.block(), product.n());
    return Acceptance.when(product.k() > 0, "no depth")
        .and(GemmProduct.accepts(4 * widest))
        .and(ExecutableMemory.allowed());
  }

  @Override
  public PreparedKernel prepare(Problem problem, Weights weights) {
    BlockGemmProblem product = (BlockGemmProblem) problem;
    return product.m() <= fewRows
        ? new BlockGemmRun(spec, product, weights)
        : new BlockStripRun(spec, product, weights);
  }
}
