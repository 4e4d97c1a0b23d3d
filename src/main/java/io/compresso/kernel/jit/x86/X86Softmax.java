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
import io.compresso.kernel.SoftmaxProblem;
import io.compresso.kernel.Weights;
import io.compresso.kernel.jit.ExecutableMemory;
import io.compresso.tensor.DType;
import java.lang.foreign.MemorySegment;

/** Softmax of contiguous rows in AVX2 or AVX-512 code. */
public final class X86Softmax implements Kernel {
  private static final int WEIGHT = 4;

  private final VectorSet set;
  private final KernelSpec spec;

  /**
   * @param isa {@code AVX2} or {@code AVX512}
   */
  public X86Softmax(Isa isa) {
    this.set = VectorSet.of(isa);
    this.spec = X86Unary.spec("fx-softmax", KernelFamily.SOFTMAX, X86Unary.FLOATS, set, isa);
  }

  @Override
  public KernelSpec spec() {
    return spec;
  }

  @Override
  public Acceptance accepts(Problem problem, CpuFeatures cpu) {
    return problem instanceof SoftmaxProblem softmax
        ? Acceptance.when(
                X86Unary.FLOATS.contains(softmax.type()), "elements of type " + softmax.type())
            .and(Acceptance.when(!softmax.log(), "no code of the logarithm"))
            .and(Acceptance.when(softmax.inner() == 1, "rows that are not contiguous"))
            .and(ExecutableMemory.allowed())
        : Acceptance.no("not a softmax");
  }

  @Override
  public PreparedKernel prepare(Problem problem, Weights weights) {
    return new Run(spec, set, (SoftmaxProblem) problem);
  }

  private static final class Run extends RowsRun {
    private final long scratchBytes;

    Run(KernelSpec spec, VectorSet set, SoftmaxProblem problem) {
      int bytes = Lanes.bytes(problem.type());
      super(
          spec,
          problem,
          true,
          SoftmaxCode.Source.of(set, problem.type(), problem.length()),
          Grid.dense(problem.rows(), problem.length(), bytes, bytes, WEIGHT));
      this.scratchBytes = problem.type() == DType.FLOAT ? 0 : 4L * problem.length();
    }

    @Override
    boolean splitsColumns() {
      return false;
    }

    @Override
    long scratchBytes() {
      return scratchBytes;
    }

    @Override
    Runnable bindChecked(Operands operands, int threads) {
      return call(
          new Buffers(operands.input(), MemorySegment.NULL, operands.output(), MemorySegment.NULL),
          threads);
    }
  }
}
