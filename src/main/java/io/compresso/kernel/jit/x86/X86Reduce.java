package io.compresso.kernel.jit.x86;

import io.compresso.kernel.Acceptance;
import io.compresso.kernel.CpuFeatures;
import io.compresso.kernel.Isa;
import io.compresso.kernel.Kernel;
import io.compresso.kernel.KernelFamily;
import io.compresso.kernel.KernelSpec;
import io.compresso.kernel.Operands;
import io.compresso.kernel.PreparedKernel;
import io.compresso.kernel.Problem;
import io.compresso.kernel.ReduceProblem;
import io.compresso.kernel.Weights;
import io.compresso.kernel.jit.ExecutableMemory;
import io.compresso.kernel.jit.x86.RowsRun.Grid;
import io.compresso.kernel.jit.x86.RowsRun.Grid.Lay;
import java.lang.foreign.MemorySegment;

/** Folds of rows and of columns in AVX2 or AVX-512 code. */
public final class X86Reduce implements Kernel {
  private final VectorSet set;
  private final KernelSpec spec;

  /**
   * @param isa {@code AVX2} or {@code AVX512}
   */
  public X86Reduce(Isa isa) {
    this.set = VectorSet.of(isa);
    this.spec = X86Unary.spec("fx-reduce", KernelFamily.REDUCE, X86Unary.FLOATS, set, isa);
  }

  @Override
  public KernelSpec spec() {
    return spec;
  }

  @Override
  public Acceptance accepts(Problem problem, CpuFeatures cpu) {
    return problem instanceof ReduceProblem reduce
        ? Acceptance.when(
                X86Unary.FLOATS.contains(reduce.type()), "elements of type " + reduce.type())
            .and(Acceptance.when(reduce.reduced() > 0, "nothing to fold"))
            .and(ExecutableMemory.allowed())
        : Acceptance.no("not a fold");
  }

  @Override
  public PreparedKernel prepare(Problem problem, Weights weights) {
    return new Run(spec, set, problem, (ReduceProblem) problem);
  }

  /** A prepared fold, which may stand for another problem of the same operands. */
  static final class Run extends RowsRun {
    private final boolean downColumns;

    Run(KernelSpec spec, VectorSet set, Problem shown, ReduceProblem problem) {
      boolean down = problem.inner() != 1;
      super(
          spec,
          shown,
          true,
          new ReduceCode.Source(set, problem.function(), problem.type(), down),
          grid(problem, down));
      this.downColumns = down;
      ReduceCode.extras(this, problem.reduced(), problem.inner() * Lanes.bytes(problem.type()));
    }

    private static Grid grid(ReduceProblem problem, boolean down) {
      int bytes = Lanes.bytes(problem.type());
      long columns = down ? problem.inner() : problem.reduced();
      long weight = down ? Math.min(problem.reduced(), 1 << 20) : 1;
      return new Grid(
          problem.outer(),
          Math.max(1, problem.outer()),
          columns,
          new Lay(problem.reduced() * problem.inner() * bytes, bytes),
          Lay.NONE,
          new Lay(problem.inner() * bytes, down ? bytes : 0),
          Lay.NONE,
          (int) weight);
    }

    @Override
    boolean splitsColumns() {
      return downColumns;
    }

    @Override
    Runnable bindChecked(Operands operands, int threads) {
      return call(
          new Buffers(operands.input(), MemorySegment.NULL, operands.output(), MemorySegment.NULL),
          threads);
    }
  }
}
