package io.compresso.kernel.vector;

import io.compresso.kernel.Acceptance;
import io.compresso.kernel.GatherProblem;
import io.compresso.kernel.KernelFamily;
import io.compresso.kernel.Operands;
import io.compresso.kernel.panel.Chunks;
import io.compresso.tensor.DType;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.EnumSet;

/** Blocks by index, portable: elements one by one, longer blocks as copies of memory. */
public final class VectorGather extends VectorKernel<GatherProblem> {
  private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED;
  private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED;

  public VectorGather() {
    super(KernelFamily.GATHER, GatherProblem.class, EnumSet.allOf(DType.class));
  }

  /** Always: the compiler makes vectors of its loops by itself. */
  @Override
  Acceptance available() {
    return Acceptance.YES;
  }

  @Override
  Acceptance accepts(GatherProblem problem) {
    return Acceptance.when(
        problem.indexType() == DType.INT32 || problem.indexType() == DType.INT64,
        "indices of type " + problem.indexType());
  }

  @Override
  void run(GatherProblem problem, Constants constants, Operands operands, int threads) {
    bind(problem, constants, operands, threads).run();
  }

  @Override
  Runnable bind(GatherProblem problem, Constants constants, Operands operands, int threads) {
    MemorySegment indices = constants.second(operands);
    long block = problem.blockBytes();
    return Chunks.bind(
        problem.outer() * problem.count(),
        2 * problem.outputBytes(),
        threads,
        (first, count) -> {
          for (long unit = first; unit < first + count; unit++) {
            long outer = unit / problem.count();
            long from = outer * problem.axisSize() + index(problem, indices, unit);
            copy(operands.input(), from * block, operands.output(), unit * block, block);
          }
        });
  }

  private static long index(GatherProblem problem, MemorySegment indices, long unit) {
    long at = unit % problem.count();
    long index =
        problem.indexType() == DType.INT32 ? indices.get(INT, 4 * at) : indices.get(LONG, 8 * at);
    long size = problem.axisSize();
    if (index < -size || index >= size) {
      throw new IllegalArgumentException(
          "index %d at %d is outside an axis of %d".formatted(index, at, size));
    }
    return index < 0 ? index + size : index;
  }

  private static void copy(
      MemorySegment from, long fromByte, MemorySegment to, long toByte, long bytes) {
    if (bytes == Integer.BYTES) {
      to.set(INT, toByte, from.get(INT, fromByte));
    } else if (bytes == Long.BYTES) {
      to.set(LONG, toByte, from.get(LONG, fromByte));
    } else {
      MemorySegment.copy(from, fromByte, to, toByte, bytes);
    }
  }
}
