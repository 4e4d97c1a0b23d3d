package io.compresso.kernel.jit.x86;

import io.compresso.kernel.Acceptance;
import io.compresso.kernel.CpuFeatures;
import io.compresso.kernel.Isa;
import io.compresso.kernel.Kernel;
import io.compresso.kernel.KernelFamily;
import io.compresso.kernel.KernelSpec;
import io.compresso.kernel.NormProblem;
import io.compresso.kernel.Operands;
import io.compresso.kernel.PreparedKernel;
import io.compresso.kernel.Problem;
import io.compresso.kernel.Weights;
import io.compresso.kernel.jit.ExecutableMemory;
import io.compresso.kernel.jit.x86.RowsRun.Grid;
import io.compresso.kernel.jit.x86.RowsRun.Grid.Lay;
import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Layer and root mean square normalization in AVX2 or AVX-512 code. */
public final class X86Norm implements Kernel {
  private static final int WEIGHT = 2;

  private final VectorSet set;
  private final KernelSpec spec;

  /**
   * @param isa {@code AVX2} or {@code AVX512}
   */
  public X86Norm(Isa isa) {
    this.set = VectorSet.of(isa);
    this.spec = X86Unary.spec("fx-norm", KernelFamily.NORM, X86Unary.FLOATS, set, isa);
  }

  @Override
  public KernelSpec spec() {
    return spec;
  }

  @Override
  public Acceptance accepts(Problem problem, CpuFeatures cpu) {
    return problem instanceof NormProblem norm
        ? Acceptance.when(X86Unary.FLOATS.contains(norm.type()), "elements of type " + norm.type())
            .and(ExecutableMemory.allowed())
        : Acceptance.no("not a normalization");
  }

  @Override
  public PreparedKernel prepare(Problem problem, Weights weights) {
    return new Run(spec, set, (NormProblem) problem, weights);
  }

  private static final class Run extends RowsRun {
    private final NormProblem problem;
    private final @Nullable MemorySegment scale;

    Run(KernelSpec spec, VectorSet set, NormProblem problem, Weights weights) {
      super(
          spec,
          problem,
          weights.data() != null,
          new NormCode.Source(set, problem.type(), problem.kind(), problem.terms()),
          grid(problem));
      this.problem = problem;
      MemorySegment data = weights.data();
      this.scale = data == null ? null : floats(data, arena.allocate(4L * problem.length(), 64));
      long bias = 0;
      if (problem.terms().bias()) {
        MemorySegment given = Objects.requireNonNull(weights.bias());
        bias = floats(given, arena.allocate(4L * problem.length(), 64)).address();
      }
      NormCode.extras(this, problem.epsilon(), problem.length(), bias);
    }

    private static Grid grid(NormProblem problem) {
      int bytes = Lanes.bytes(problem.type());
      Lay lay = new Lay((long) problem.length() * bytes, bytes);
      return new Grid(
          problem.rows(),
          Math.max(1, problem.rows()),
          problem.length(),
          lay,
          problem.terms().skip() ? lay : Lay.NONE,
          lay,
          Lay.NONE,
          WEIGHT);
    }

    private MemorySegment floats(MemorySegment values, MemorySegment target) {
      Tensor tensor = Tensor.wrap(problem.type(), Shape.of(problem.length()), values);
      for (int i = 0; i < problem.length(); i++) {
        target.setAtIndex(ValueLayout.JAVA_FLOAT_UNALIGNED, i, tensor.getFloat(i));
      }
      return target;
    }

    @Override
    boolean splitsColumns() {
      return false;
    }

    @Override
    Runnable bindChecked(Operands operands, int threads) {
      if (!problem.terms().scale() || scale != null) {
        return call(operands, scale == null ? MemorySegment.NULL : scale, threads);
      }
      MemorySegment given = Objects.requireNonNull(operands.second());
      if (problem.type() == DType.FLOAT) {
        return call(operands, given, threads);
      }
      MemorySegment own = Arena.ofAuto().allocate(4L * problem.length(), 64);
      Runnable call = call(operands, own, threads);
      return () -> {
        floats(given, own);
        call.run();
      };
    }

    private Runnable call(Operands operands, MemorySegment constants, int threads) {
      MemorySegment skip =
          problem.terms().skip() ? Objects.requireNonNull(operands.third()) : MemorySegment.NULL;
      return call(new Buffers(operands.input(), skip, operands.output(), constants), threads);
    }
  }
}
