package io.compresso.kernel.vector;

import io.compresso.kernel.Acceptance;
import io.compresso.kernel.BinaryFunction;
import io.compresso.kernel.BinaryProblem;
import io.compresso.kernel.Broadcast.Axis;
import io.compresso.kernel.KernelFamily;
import io.compresso.kernel.Operands;
import io.compresso.kernel.panel.Chunks;
import io.compresso.tensor.DType;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.Set;

/** Functions of two integers, in loops over memory that make no object in a run. */
public final class VectorIntegerBinary extends VectorKernel<BinaryProblem> {
  private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED;
  private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED;
  private static final Set<DType> TYPES = Set.of(DType.INT32, DType.INT64);
  private static final Axis ONCE = new Axis(1, 0, 0);

  public VectorIntegerBinary() {
    super("s", KernelFamily.BINARY, BinaryProblem.class, TYPES);
  }

  @Override
  Acceptance accepts(BinaryProblem problem) {
    return Acceptance.when(
        TYPES.contains(problem.type()) && problem.function().takesIntegers(),
        "%s of type %s".formatted(problem.function(), problem.type()));
  }

  @Override
  void run(BinaryProblem problem, Constants constants, Operands operands, int threads) {
    bind(problem, constants, operands, threads).run();
  }

  @Override
  Runnable bind(BinaryProblem problem, Constants constants, Operands operands, int threads) {
    List<Axis> axes = problem.broadcast().axes();
    Axis columns = axes.isEmpty() ? ONCE : axes.getLast();
    Axis[] outer = axes.subList(0, Math.max(0, axes.size() - 1)).toArray(Axis[]::new);
    Pairs pairs =
        new Pairs(
            problem.function(),
            problem.type() == DType.INT64,
            operands.input(),
            constants.second(operands),
            operands.output());
    return Chunks.bind(
        problem.broadcast().count(),
        4 * problem.outputBytes(),
        threads,
        (first, count) -> run(pairs, outer, columns, first, count));
  }

  /** Computes a stretch of the result, row by row. */
  private static void run(Pairs pairs, Axis[] outer, Axis columns, long first, long count) {
    for (long at = first; at < first + count; ) {
      long row = at / columns.size();
      long column = at - row * columns.size();
      long left = column * columns.leftStride();
      long right = column * columns.rightStride();
      for (int i = outer.length - 1; i >= 0; i--) {
        long index = row % outer[i].size();
        left += index * outer[i].leftStride();
        right += index * outer[i].rightStride();
        row /= outer[i].size();
      }
      long length = Math.min(columns.size() - column, first + count - at);
      pairs.run(left, columns.leftStride(), right, columns.rightStride(), at, length);
      at += length;
    }
  }

  /** The function on memory; operands step by 0 or 1 elements. */
  private record Pairs(
      BinaryFunction function, boolean wide, MemorySegment a, MemorySegment b, MemorySegment y) {
    void run(long left, long leftStep, long right, long rightStep, long to, long count) {
      boolean compares = function.isComparison();
      for (long i = 0; i < count; i++) {
        long x = read(a, left + i * leftStep);
        long z = read(b, right + i * rightStep);
        if (compares) {
          y.set(ValueLayout.JAVA_BYTE, to + i, (byte) (function.holds(x, z) ? 1 : 0));
        } else if (wide) {
          y.set(LONG, 8 * (to + i), function.apply(x, z));
        } else {
          y.set(INT, 4 * (to + i), (int) function.apply(x, z));
        }
      }
    }

    private long read(MemorySegment from, long at) {
      return wide ? from.get(LONG, 8 * at) : from.get(INT, 4 * at);
    }
  }
}
