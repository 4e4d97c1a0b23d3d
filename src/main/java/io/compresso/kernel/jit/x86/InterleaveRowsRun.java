package io.compresso.kernel.jit.x86;

import io.compresso.kernel.BoundKernel;
import io.compresso.kernel.CopyProblem;
import io.compresso.kernel.CopyProblem.Axis;
import io.compresso.kernel.KernelSpec;
import io.compresso.kernel.Operands;
import io.compresso.kernel.jit.CodeCache;
import io.compresso.kernel.jit.NativeCall;
import io.compresso.kernel.panel.Chunks;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;

/**
 * A prepared transpose of planes with 2 to 4 rows or columns, of which one side is dense: {@link
 * InterleaveRowsCode} called for blocks, the last of which overlaps the one before.
 */
final class InterleaveRowsRun implements BoundKernel {
  private static final int MOST_SHORT = 1024;

  private final KernelSpec spec;
  private final CopyProblem problem;
  private final OuterAxes outer;
  private final long length;

  /** Whether a call is for whole planes. */
  private final boolean isShort;

  private final InterleaveRowsCode shape;
  private final CodeCache.Lease code;
  private final Arena arena = Arena.ofShared();
  private final MemorySegment tables;
  private final MemorySegment strides;

  InterleaveRowsRun(KernelSpec spec, CopyProblem problem) {
    this.spec = spec;
    this.problem = problem;
    List<Axis> axes = problem.axes();
    Axis first = axes.get(axes.size() - 2);
    Axis last = axes.getLast();
    boolean apart = takesApart(first, last);
    Axis few = apart ? first : last;
    this.length = (apart ? last : first).size();
    this.outer = new OuterAxes(axes.subList(0, axes.size() - 2));
    this.isShort = axes.size() == 3 && length <= MOST_SHORT;
    this.shape =
        new InterleaveRowsCode(
            problem.elementBytes(),
            (int) few.size(),
            problem.elementBytes() * (apart ? few.outputStride() : few.inputStride()),
            apart,
            isShort && length % InterleaveRowsCode.LANES != 0
                ? (int) length - InterleaveRowsCode.LANES
                : 0);
    this.code = CodeCache.lease(shape, shape::generate);
    this.tables = arena.allocate(shape.tableBytes(), 64);
    shape.writeTables(tables);
    this.strides = arena.allocate(16, 8);
    if (isShort) {
      strides.set(ValueLayout.JAVA_LONG, 0, bytes(axes.getFirst().inputStride()));
      strides.set(ValueLayout.JAVA_LONG, 8, bytes(axes.getFirst().outputStride()));
    }
  }

  private long bytes(long elements) {
    return elements * problem.elementBytes();
  }

  /** Whether there is code for the innermost axes. */
  static boolean accepts(CopyProblem problem) {
    List<Axis> axes = problem.axes();
    if (problem.elementBytes() > 4 || axes.size() < 2) {
      return false;
    }
    Axis first = axes.get(axes.size() - 2);
    Axis last = axes.getLast();
    return takesApart(first, last) || puts(first, last);
  }

  private static boolean takesApart(Axis few, Axis many) {
    return fits(few, many)
        && few.inputStride() == 1
        && many.inputStride() == few.size()
        && many.outputStride() == 1
        && isNear(few.outputStride());
  }

  private static boolean puts(Axis many, Axis few) {
    return fits(few, many)
        && few.outputStride() == 1
        && many.outputStride() == few.size()
        && many.inputStride() == 1
        && isNear(few.inputStride());
  }

  private static boolean fits(Axis few, Axis many) {
    return few.size() >= 2
        && few.size() <= InterleaveRowsCode.MOST_ROWS
        && many.size() >= InterleaveRowsCode.LANES;
  }

  /** Whether code can hold the distances of all rows. */
  private static boolean isNear(long stride) {
    return stride < Integer.MAX_VALUE / (4 * InterleaveRowsCode.MOST_ROWS);
  }

  @Override
  public CopyProblem problem() {
    return problem;
  }

  @Override
  public KernelSpec spec() {
    return spec;
  }

  @Override
  public Runnable bind(Operands operands, int threads) {
    operands.require(problem, true);
    long copied = 2 * bytes(problem.count());
    if (isShort) {
      return Chunks.bind(
          outer.count(),
          copied,
          threads,
          (first, count) -> call(operands, first, 0, length / InterleaveRowsCode.LANES, count));
    }
    long blocks = Math.ceilDiv(length, InterleaveRowsCode.LANES);
    return Chunks.bind(
        outer.count() * blocks,
        copied,
        threads,
        (first, count) -> {
          for (long unit = first; unit < first + count; ) {
            long part = unit / blocks;
            long block = unit % blocks;
            long run = Math.min(blocks - block, first + count - unit);
            interleave(operands, part, block, run);
            unit += run;
          }
        });
  }

  private void interleave(Operands operands, long part, long block, long count) {
    long begin = block * InterleaveRowsCode.LANES;
    long whole = Math.min(count, (length - begin) / InterleaveRowsCode.LANES);
    if (whole > 0) {
      call(operands, part, begin, whole, 1);
    }
    if (whole < count) {
      call(operands, part, length - InterleaveRowsCode.LANES, 1, 1);
    }
  }

  private void call(Operands operands, long part, long begin, long blocks, long parts) {
    long dense = begin * shape.rows();
    long from = outer.input(part) + (shape.apart() ? dense : begin);
    long to = outer.output(part) + (shape.apart() ? begin : dense);
    NativeCall.block(
        code.entry(),
        operands.input().address() + bytes(from),
        0,
        operands.output().address() + bytes(to),
        tables.address(),
        blocks,
        parts,
        strides.address());
  }

  @Override
  public void close() {
    code.close();
    arena.close();
  }
}
