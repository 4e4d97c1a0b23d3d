package io.compresso.kernel.jit.x86;

import io.compresso.kernel.CopyProblem;
import io.compresso.kernel.CopyProblem.Axis;
import io.compresso.kernel.KernelSpec;
import io.compresso.kernel.Operands;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/** A prepared copy of dense rows: {@link MoveCode}. */
final class MoveRun extends RowsRun {
  private static final Axis ONCE = new Axis(1, 0, 0);

  private final OuterAxes outer;
  private final int bytes;

  private record Parts(Axis columns, Axis rows, OuterAxes outer) {
    static Parts of(CopyProblem problem, int dense) {
      List<Axis> rest = new ArrayList<>(problem.axes());
      Axis columns = rest.remove(dense);
      Axis rows = rest.stream().max(Comparator.comparingLong(Axis::size)).orElse(ONCE);
      rest.remove(rows);
      return new Parts(columns, rows, new OuterAxes(rest));
    }
  }

  /**
   * @param dense the axis along which both operands are dense
   */
  MoveRun(KernelSpec spec, VectorSet set, CopyProblem problem, int dense) {
    Parts parts = Parts.of(problem, dense);
    this(spec, set, problem, parts);
  }

  private MoveRun(KernelSpec spec, VectorSet set, CopyProblem problem, Parts parts) {
    super(spec, problem, true, new MoveCode.Source(set), grid(problem.elementBytes(), parts));
    this.outer = parts.outer();
    this.bytes = problem.elementBytes();
  }

  private static Grid grid(int bytes, Parts parts) {
    return new Grid(
        parts.outer().count() * parts.rows().size(),
        Math.max(1, parts.rows().size()),
        parts.columns().size() * bytes,
        new Grid.Lay(parts.rows().inputStride() * bytes, 1),
        Grid.Lay.NONE,
        new Grid.Lay(parts.rows().outputStride() * bytes, 1),
        Grid.Lay.NONE,
        2);
  }

  @Override
  long blockOffset(int operand, long block) {
    return switch (operand) {
      case 0 -> outer.input(block) * bytes;
      case 2 -> outer.output(block) * bytes;
      default -> 0;
    };
  }

  @Override
  Runnable bindChecked(Operands operands, int threads) {
    return call(
        new Buffers(operands.input(), MemorySegment.NULL, operands.output(), MemorySegment.NULL),
        threads);
  }
}
