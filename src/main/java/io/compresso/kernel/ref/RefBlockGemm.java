package io.compresso.kernel.ref;

import io.compresso.kernel.Acceptance;
import io.compresso.kernel.BlockGemmProblem;
import io.compresso.kernel.KernelFamily;
import io.compresso.kernel.Operands;
import io.compresso.kernel.WeightQuantization;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Objects;

/** Products with weights quantized in blocks, summed in double precision. */
public final class RefBlockGemm extends RefKernel<BlockGemmProblem> {
  private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED;

  public RefBlockGemm() {
    super(KernelFamily.BLOCK_GEMM, BlockGemmProblem.class);
  }

  @Override
  Acceptance accepts(BlockGemmProblem problem) {
    return Acceptance.YES;
  }

  @Override
  void run(BlockGemmProblem problem, Constants constants, Operands operands, int threads) {
    MemorySegment data = constants.second(operands);
    WeightQuantization quantization = constants.quantization();
    int k = problem.k();
    double[] row = new double[k];
    for (int j = 0; j < problem.n(); j++) {
      for (int i = 0; i < k; i++) {
        int channel = problem.channel(j, i);
        int value = problem.field(data, j, i) - quantization.zeroPoint(channel);
        row[i] = (double) value * quantization.scale(channel);
      }
      float bias =
          problem.bias() ? Objects.requireNonNull(constants.bias()).getAtIndex(FLOAT, j) : 0;
      for (int r = 0; r < problem.m(); r++) {
        double sum = bias;
        for (int i = 0; i < k; i++) {
          sum += operands.input().getAtIndex(FLOAT, (long) r * k + i) * row[i];
        }
        operands.output().setAtIndex(FLOAT, (long) r * problem.n() + j, (float) sum);
      }
    }
  }
}
