package io.compresso.kernel.panel;

import io.compresso.kernel.Acceptance;
import io.compresso.kernel.BlockGemmProblem;
import io.compresso.kernel.CpuFeatures;
import io.compresso.kernel.Epilogue;
import io.compresso.kernel.GemmProblem;
import io.compresso.kernel.Isa;
import io.compresso.kernel.Kernel;
import io.compresso.kernel.KernelCatalog;
import io.compresso.kernel.KernelFamily;
import io.compresso.kernel.KernelSpec;
import io.compresso.kernel.Operands;
import io.compresso.kernel.PreparedKernel;
import io.compresso.kernel.Problem;
import io.compresso.kernel.WeightQuantization;
import io.compresso.kernel.Weights;
import io.compresso.tensor.DType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Set;

/**
 * Products with weights quantized in blocks by the machine's product of floats: the weights become
 * floats once, when the problem is prepared.
 */
public final class DequantizedGemm implements Kernel {
  private static final KernelSpec SPEC =
      new KernelSpec(
          "f32-block-gemm-dequantized-vector",
          KernelFamily.BLOCK_GEMM,
          Set.of(DType.FLOAT),
          KernelSpec.Tile.SCALAR,
          "[n][k] floats",
          Isa.VECTOR);

  @Override
  public KernelSpec spec() {
    return SPEC;
  }

  @Override
  public Acceptance accepts(Problem problem, CpuFeatures cpu) {
    return Acceptance.when(
        problem instanceof BlockGemmProblem, "not a product with weights in blocks");
  }

  @Override
  public PreparedKernel prepare(Problem problem, Weights weights) {
    BlockGemmProblem product = (BlockGemmProblem) problem;
    GemmProblem floats =
        GemmProblem.ofFloat(product.m(), product.n(), product.k())
            .withTranspose(false, true)
            .withEpilogue(Epilogue.NONE.withBias(product.bias()));
    try (Arena arena = Arena.ofShared()) {
      MemorySegment data = arena.allocate(floats.weightBytes(), 64);
      dequantize(product, weights, data);
      return new Run(
          product, KernelCatalog.prepare(floats, Weights.of(data).withBias(weights.bias())));
    }
  }

  private static void dequantize(BlockGemmProblem problem, Weights weights, MemorySegment target) {
    MemorySegment data = BlockGemmProblem.fields(weights);
    WeightQuantization quantization = weights.quantization();
    for (int row = 0; row < problem.n(); row++) {
      for (int i = 0; i < problem.k(); i++) {
        int channel = problem.channel(row, i);
        int value = problem.field(data, row, i) - quantization.zeroPoint(channel);
        target.setAtIndex(
            ValueLayout.JAVA_FLOAT,
            (long) row * problem.k() + i,
            value * quantization.scale(channel));
      }
    }
  }

  private record Run(BlockGemmProblem problem, PreparedKernel floats) implements PreparedKernel {
    @Override
    public KernelSpec spec() {
      return SPEC;
    }

    @Override
    public void run(Operands operands, int threads) {
      floats.run(operands, threads);
    }

    @Override
    public void close() {
      floats.close();
    }
  }
}
