package io.compresso.kernel.vector;

import io.compresso.kernel.Acceptance;
import io.compresso.kernel.ConvertProblem;
import io.compresso.kernel.KernelFamily;
import io.compresso.kernel.Operands;
import io.compresso.kernel.panel.Chunks;
import io.compresso.tensor.DType;
import java.util.EnumSet;

/** Quantization, dequantization and other changes of type, portable, block by block. */
public final class VectorConvert extends VectorKernel<ConvertProblem> {
  private static final int WEIGHT = 4;

  public VectorConvert() {
    super(KernelFamily.CONVERT, ConvertProblem.class, EnumSet.allOf(DType.class));
  }

  @Override
  Acceptance accepts(ConvertProblem problem) {
    return Acceptance.when(
        (FLOATS.contains(problem.from()) || IntBlock.reads(problem.from()))
            && (FLOATS.contains(problem.to()) || IntBlock.writes(problem.to())),
        "from %s to %s".formatted(problem.from(), problem.to()));
  }

  @Override
  void run(ConvertProblem problem, Constants constants, Operands operands, int threads) {
    long total = problem.count();
    Chunks.run(
        Math.ceilDiv(total, FloatBlock.LENGTH),
        WEIGHT * (problem.inputBytes() + problem.outputBytes()),
        threads,
        (first, blocks) -> {
          Block block = new Block(problem, constants, operands);
          for (long b = first; b < first + blocks; b++) {
            long at = b * FloatBlock.LENGTH;
            block.convert(at, (int) Math.min(FloatBlock.LENGTH, total - at));
          }
        });
  }

  private static final class Block {
    private final ConvertProblem problem;
    private final Constants constants;
    private final Operands operands;
    private final float[] floats = FloatBlock.of(FloatBlock.LENGTH);
    private final int[] integers = new int[FloatBlock.LENGTH];
    private final float[] scales = new float[FloatBlock.LENGTH];
    private final int[] zeroPoints = new int[FloatBlock.LENGTH];

    Block(ConvertProblem problem, Constants constants, Operands operands) {
      this.problem = problem;
      this.constants = constants;
      this.operands = operands;
    }

    void convert(long at, int count) {
      DType from = problem.from();
      DType to = problem.to();
      boolean scaled = !from.isFloat() || !to.isFloat();
      if (scaled) {
        constantsOf(at, count);
      }
      if (from.isFloat()) {
        FloatBlock.read(from, operands.input(), at, floats, count);
      } else {
        IntBlock.read(from, operands.input(), at, integers, count);
        for (int i = 0; i < count; i++) {
          floats[i] = (integers[i] - zeroPoints[i]) * scales[i];
        }
      }
      if (to.isFloat()) {
        FloatBlock.write(to, floats, operands.output(), at, count);
        return;
      }
      int outputZero = constants.quantization().outputZeroPoint();
      for (int i = 0; i < count; i++) {
        integers[i] =
            from.isFloat()
                ? IntBlock.quantize(to, floats[i] / scales[i], zeroPoints[i])
                : IntBlock.quantize(to, floats[i], outputZero);
      }
      IntBlock.write(to, integers, operands.output(), at, count);
    }

    /** Lists scale and zero point of each element. */
    private void constantsOf(long at, int count) {
      for (int i = 0; i < count; ) {
        int channel = (int) ((at + i) / problem.inner() % problem.channels());
        long left = problem.inner() - (at + i) % problem.inner();
        int end = (int) Math.min(count, i + left);
        float scale = constants.quantization().scale(channel) * operands.inputScale();
        int zero = constants.quantization().zeroPoint(channel) + operands.inputZeroPoint();
        for (; i < end; i++) {
          scales[i] = scale;
          zeroPoints[i] = zero;
        }
      }
    }
  }
}
