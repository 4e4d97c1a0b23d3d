package io.compresso.kernel.ref;

import io.compresso.kernel.Acceptance;
import io.compresso.kernel.GatherProblem;
import io.compresso.kernel.KernelFamily;
import io.compresso.kernel.Operands;
import io.compresso.tensor.DType;
import io.compresso.tensor.Tensor;
import java.lang.foreign.MemorySegment;

/** Blocks by index, one after the other. */
public final class RefGather extends RefKernel<GatherProblem> {
  public RefGather() {
    super(KernelFamily.GATHER, GatherProblem.class);
  }

  @Override
  Acceptance accepts(GatherProblem problem) {
    return Acceptance.when(
        problem.indexType() == DType.INT32 || problem.indexType() == DType.INT64,
        "indices of type " + problem.indexType());
  }

  @Override
  void run(GatherProblem problem, Constants constants, Operands operands, int threads) {
    Tensor indices =
        RefElements.tensor(problem.indexType(), constants.second(operands), problem.count());
    long block = problem.blockBytes();
    for (long o = 0; o < problem.outer(); o++) {
      for (long j = 0; j < problem.count(); j++) {
        long index = indices.getLong(j);
        if (index < -problem.axisSize() || index >= problem.axisSize()) {
          throw new IllegalArgumentException(
              "index %d at %d is outside an axis of %d".formatted(index, j, problem.axisSize()));
        }
        long at = o * problem.axisSize() + (index < 0 ? index + problem.axisSize() : index);
        MemorySegment.copy(
            operands.input(),
            at * block,
            operands.output(),
            (o * problem.count() + j) * block,
            block);
      }
    }
  }
}
