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
import io.compresso.kernel.QuantizedBinaryProblem;
import io.compresso.kernel.QuantizedBinaryProblem.Function;
import io.compresso.kernel.Weights;
import io.compresso.kernel.jit.ExecutableMemory;
import io.compresso.tensor.DType;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Sums and products of 8-bit operands in AVX2 or AVX-512 code. */
public final class X86QuantizedBinary implements Kernel {
  private static final Set<DType> TYPES = Set.of(DType.UINT8, DType.INT8);

  private final VectorSet set;
  private final KernelSpec spec;

  /**
   * @param isa {@code AVX2} or {@code AVX512}
   */
  public X86QuantizedBinary(Isa isa) {
    this.set = VectorSet.of(isa);
    this.spec = X86Unary.spec("qx8-binary", KernelFamily.QUANTIZED_BINARY, TYPES, set, isa);
  }

  @Override
  public KernelSpec spec() {
    return spec;
  }

  @Override
  public Acceptance accepts(Problem problem, CpuFeatures cpu) {
    return problem instanceof QuantizedBinaryProblem binary
        ? Acceptance.when(TYPES.contains(binary.type()), "elements of type " + binary.type())
            .and(
                Acceptance.when(
                    Float.isFinite(binary.leftRatio())
                        && Float.isFinite(binary.rightRatio())
                        && Float.isFinite(binary.productRatio()),
                    "scales whose ratio is not finite"))
            .and(ExecutableMemory.allowed())
        : Acceptance.no("not of two 8-bit operands");
  }

  @Override
  public PreparedKernel prepare(Problem problem, Weights weights) {
    QuantizedBinaryProblem binary = (QuantizedBinaryProblem) problem;
    return new Run(spec, set, binary, new BroadcastRows(binary.broadcast()), weights.data());
  }

  private static final class Run extends RowsRun {
    private static final int CONSTANTS = 4;

    private final BroadcastRows rows;
    private final MemorySegment constants;
    private final @Nullable MemorySegment second;

    Run(
        KernelSpec spec,
        VectorSet set,
        QuantizedBinaryProblem problem,
        BroadcastRows rows,
        @Nullable MemorySegment second) {
      super(
          spec,
          problem,
          second != null,
          new QuantizedBinaryCode.Source(
              set, problem.function(), problem.type(), rows.repeatsLeft(), rows.repeatsRight()),
          rows.grid(1, 1, 2));
      this.rows = rows;
      this.second = keep(second);
      this.constants = arena.allocate(4L * CONSTANTS, 4);
      float[] values =
          problem.function() == Function.ADD
              ? new float[] {problem.leftRatio(), problem.rightRatio(), 0, problem.sumOffset()}
              : new float[] {
                problem.left().zeroPoint(),
                problem.right().zeroPoint(),
                problem.productRatio(),
                problem.output().zeroPoint()
              };
      for (int i = 0; i < CONSTANTS; i++) {
        constants.setAtIndex(ValueLayout.JAVA_FLOAT, i, values[i]);
      }
    }

    @Override
    long blockOffset(int operand, long block) {
      return switch (operand) {
        case 0 -> rows.leftOffset(block);
        case 1 -> rows.rightOffset(block);
        default -> super.blockOffset(operand, block);
      };
    }

    @Override
    Runnable bindChecked(Operands operands, int threads) {
      MemorySegment right = second != null ? second : Objects.requireNonNull(operands.second());
      return call(new Buffers(operands.input(), right, operands.output(), constants), threads);
    }
  }
}
