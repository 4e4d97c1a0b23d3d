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
import io.compresso.kernel.UnaryFunction;
import io.compresso.kernel.UnaryProblem;
import io.compresso.kernel.Weights;
import io.compresso.kernel.jit.ExecutableMemory;
import io.compresso.tensor.DType;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Set;

/** Functions of one float in AVX2 or AVX-512 code. */
public final class X86Unary implements Kernel {
  static final Set<DType> FLOATS = Set.of(DType.FLOAT, DType.FLOAT16, DType.BFLOAT16);
  private static final int FUNCTION_WEIGHT = 4;

  private final VectorSet set;
  private final KernelSpec spec;

  /**
   * @param isa {@code AVX2} or {@code AVX512}
   */
  public X86Unary(Isa isa) {
    this.set = VectorSet.of(isa);
    this.spec = spec("fx-unary", KernelFamily.UNARY, FLOATS, set, isa);
  }

  /** The spec of a kernel that streams registers. */
  static KernelSpec spec(
      String name, KernelFamily family, Set<DType> types, VectorSet set, Isa isa) {
    return new KernelSpec(
        "%s-%d-%s".formatted(name, set.lanes(), isa),
        family,
        types,
        new KernelSpec.Tile(1, set.lanes(), 1),
        "",
        isa);
  }

  @Override
  public KernelSpec spec() {
    return spec;
  }

  @Override
  public Acceptance accepts(Problem problem, CpuFeatures cpu) {
    return problem instanceof UnaryProblem unary
        ? Acceptance.when(FLOATS.contains(unary.type()), "elements of type " + unary.type())
            .and(Acceptance.when(UnaryCode.has(unary.function()), "no code of " + unary.function()))
            .and(
                Acceptance.when(
                    takes(unary, unary.alpha()) && takes(unary, unary.beta()),
                    "parameters that are not finite"))
            .and(ExecutableMemory.allowed())
        : Acceptance.no("not a function of one element");
  }

  private static boolean takes(UnaryProblem problem, float parameter) {
    return problem.function() == UnaryFunction.CLIP
        ? !Float.isNaN(parameter)
        : Float.isFinite(parameter);
  }

  @Override
  public PreparedKernel prepare(Problem problem, Weights weights) {
    return new Run(spec, set, (UnaryProblem) problem);
  }

  private static final class Run extends RowsRun {
    private final MemorySegment constants;

    Run(KernelSpec spec, VectorSet set, UnaryProblem problem) {
      super(
          spec,
          problem,
          true,
          new UnaryCode.Source(set, problem.function(), problem.type()),
          Grid.dense(
              1,
              problem.count(),
              Lanes.bytes(problem.type()),
              Lanes.bytes(problem.type()),
              problem.function().compareTo(UnaryFunction.EXP) < 0 ? 1 : FUNCTION_WEIGHT));
      this.constants = arena.allocate(8, 8);
      constants.set(ValueLayout.JAVA_FLOAT, 0, problem.alpha());
      constants.set(ValueLayout.JAVA_FLOAT, 4, problem.beta());
    }

    @Override
    Runnable bindChecked(Operands operands, int threads) {
      return call(
          new Buffers(operands.input(), MemorySegment.NULL, operands.output(), constants), threads);
    }
  }
}
