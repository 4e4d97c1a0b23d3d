package io.compresso.kernel.jit.x86;

import io.compresso.kernel.Acceptance;
import io.compresso.kernel.CopyProblem;
import io.compresso.kernel.CopyProblem.Axis;
import io.compresso.kernel.CpuFeatures;
import io.compresso.kernel.Isa;
import io.compresso.kernel.Kernel;
import io.compresso.kernel.KernelFamily;
import io.compresso.kernel.KernelSpec;
import io.compresso.kernel.PreparedKernel;
import io.compresso.kernel.Problem;
import io.compresso.kernel.Weights;
import io.compresso.kernel.jit.ExecutableMemory;
import io.compresso.tensor.DType;
import java.util.EnumSet;
import java.util.List;

/** Copies with strides in AVX2 or AVX-512 code: rows are moved, planes are transposed. */
public final class X86Copy implements Kernel {
  private final VectorSet set;
  private final KernelSpec spec;

  /**
   * @param isa {@code AVX2} or {@code AVX512}
   */
  public X86Copy(Isa isa) {
    this.set = VectorSet.of(isa);
    this.spec = X86Unary.spec("x-copy", KernelFamily.COPY, EnumSet.allOf(DType.class), set, isa);
  }

  @Override
  public KernelSpec spec() {
    return spec;
  }

  @Override
  public Acceptance accepts(Problem problem, CpuFeatures cpu) {
    return problem instanceof CopyProblem copy
        ? Acceptance.when(
                moves(copy) >= 0 || interleaves(copy) || transposes(copy),
                "neither rows that lie densely nor a transpose")
            .and(ExecutableMemory.allowed())
        : Acceptance.no("not a copy");
  }

  /** The axis along which both operands are dense, or -1. */
  private static int moves(CopyProblem problem) {
    List<Axis> axes = problem.axes();
    for (int i = axes.size() - 1; i >= 0; i--) {
      if (axes.get(i).inputStride() == 1 && axes.get(i).outputStride() == 1) {
        return i;
      }
    }
    return -1;
  }

  private static int dense(CopyProblem problem, boolean output) {
    List<Axis> axes = problem.axes();
    for (int i = axes.size() - 1; i >= 0; i--) {
      if ((output ? axes.get(i).outputStride() : axes.get(i).inputStride()) == 1) {
        return i;
      }
    }
    return -1;
  }

  private boolean interleaves(CopyProblem problem) {
    return set == VectorSet.AVX512 && InterleaveRowsRun.accepts(problem);
  }

  private boolean transposes(CopyProblem problem) {
    int column = dense(problem, false);
    int row = dense(problem, true);
    ShuffleTransposeCode least =
        new ShuffleTransposeCode(set, Vec.Length.XMM, problem.elementBytes());
    return column >= 0
        && row >= 0
        && problem.axes().get(row).size() >= least.rows()
        && problem.axes().get(column).size() >= least.columns();
  }

  @Override
  public PreparedKernel prepare(Problem problem, Weights weights) {
    CopyProblem copy = (CopyProblem) problem;
    int moved = moves(copy);
    if (moved >= 0) {
      return new MoveRun(spec, set, copy, moved);
    }
    return interleaves(copy)
        ? new InterleaveRowsRun(spec, copy)
        : new TransposeRun(spec, set, copy, dense(copy, true), dense(copy, false));
  }
}
