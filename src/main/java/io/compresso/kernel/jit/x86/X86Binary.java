package io.compresso.kernel.jit.x86;

import io.compresso.kernel.Acceptance;
import io.compresso.kernel.BinaryProblem;
import io.compresso.kernel.CpuFeatures;
import io.compresso.kernel.Isa;
import io.compresso.kernel.Kernel;
import io.compresso.kernel.KernelFamily;
import io.compresso.kernel.KernelSpec;
import io.compresso.kernel.Operands;
import io.compresso.kernel.PreparedKernel;
import io.compresso.kernel.Problem;
import io.compresso.kernel.Weights;
import io.compresso.kernel.jit.ExecutableMemory;
import io.compresso.tensor.DType;
import java.lang.foreign.MemorySegment;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Functions of two elements in AVX2 or AVX-512 code. */
public final class X86Binary implements Kernel {
  private static final Set<DType> TYPES =
      Set.of(DType.FLOAT, DType.FLOAT16, DType.BFLOAT16, DType.INT32);

  private final VectorSet set;
  private final KernelSpec spec;

  /**
   * @param isa {@code AVX2} or {@code AVX512}
   */
  public X86Binary(Isa isa) {
    this.set = VectorSet.of(isa);
    this.spec = X86Unary.spec("x-binary", KernelFamily.BINARY, TYPES, set, isa);
  }

  @Override
  public KernelSpec spec() {
    return spec;
  }

  @Override
  public Acceptance accepts(Problem problem, CpuFeatures cpu) {
    return problem instanceof BinaryProblem binary
        ? Acceptance.when(
                TYPES.contains(binary.type()) && BinaryCode.has(binary.function(), binary.type()),
                "no code of %s of %s",
                binary.function(),
                binary.type())
            .and(ExecutableMemory.allowed())
        : Acceptance.no("not a function of two elements");
  }

  @Override
  public PreparedKernel prepare(Problem problem, Weights weights) {
    BinaryProblem binary = (BinaryProblem) problem;
    return new Run(spec, set, binary, new BroadcastRows(binary.broadcast()), weights.data());
  }

  private static final class Run extends RowsRun {
    private final BroadcastRows rows;
    private final int bytes;
    private final @Nullable MemorySegment second;

    Run(
        KernelSpec spec,
        VectorSet set,
        BinaryProblem problem,
        BroadcastRows rows,
        @Nullable MemorySegment second) {
      super(
          spec,
          problem,
          second != null,
          new BinaryCode.Source(
              set, problem.function(), problem.type(), rows.repeatsLeft(), rows.repeatsRight()),
          rows.grid(Lanes.bytes(problem.type()), Lanes.bytes(problem.outputType()), 1));
      this.rows = rows;
      this.bytes = Lanes.bytes(problem.type());
      this.second = keep(second);
    }

    @Override
    long blockOffset(int operand, long block) {
      return switch (operand) {
        case 0 -> rows.leftOffset(block) * bytes;
        case 1 -> rows.rightOffset(block) * bytes;
        default -> super.blockOffset(operand, block);
      };
    }

    @Override
    Runnable bindChecked(Operands operands, int threads) {
      MemorySegment right = second != null ? second : Objects.requireNonNull(operands.second());
      return call(
          new Buffers(operands.input(), right, operands.output(), MemorySegment.NULL), threads);
    }
  }
}
