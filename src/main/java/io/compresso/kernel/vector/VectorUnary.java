package io.compresso.kernel.vector;

import io.compresso.kernel.Acceptance;
import io.compresso.kernel.KernelFamily;
import io.compresso.kernel.Operands;
import io.compresso.kernel.UnaryProblem;
import io.compresso.kernel.panel.Chunks;

/** Functions of one float in the Vector API. */
public final class VectorUnary extends VectorKernel<UnaryProblem> {
  private static final int WEIGHT = 8;

  public VectorUnary() {
    super(KernelFamily.UNARY, UnaryProblem.class, FLOATS);
  }

  @Override
  Acceptance accepts(UnaryProblem problem) {
    return Acceptance.when(FLOATS.contains(problem.type()), "elements of type " + problem.type());
  }

  @Override
  void run(UnaryProblem problem, Constants constants, Operands operands, int threads) {
    Chunks.run(
        Math.ceilDiv(problem.count(), FloatBlock.LENGTH),
        WEIGHT * problem.inputBytes(),
        threads,
        (first, blocks) -> {
          float[] values = FloatBlock.of(FloatBlock.LENGTH);
          for (long block = first; block < first + blocks; block++) {
            long at = block * FloatBlock.LENGTH;
            int count = (int) Math.min(FloatBlock.LENGTH, problem.count() - at);
            FloatBlock.read(problem.type(), operands.input(), at, values, count);
            VectorFunctions.apply(problem, values, count);
            FloatBlock.write(problem.type(), values, operands.output(), at, count);
          }
        });
  }
}
