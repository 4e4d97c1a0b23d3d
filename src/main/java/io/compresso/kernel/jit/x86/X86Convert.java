package io.compresso.kernel.jit.x86;

import io.compresso.kernel.Acceptance;
import io.compresso.kernel.ConvertProblem;
import io.compresso.kernel.CpuFeatures;
import io.compresso.kernel.Isa;
import io.compresso.kernel.Kernel;
import io.compresso.kernel.KernelFamily;
import io.compresso.kernel.KernelSpec;
import io.compresso.kernel.Operands;
import io.compresso.kernel.PreparedKernel;
import io.compresso.kernel.Problem;
import io.compresso.kernel.WeightQuantization;
import io.compresso.kernel.Weights;
import io.compresso.kernel.jit.ExecutableMemory;
import io.compresso.kernel.jit.x86.ConvertCode.Sharing;
import io.compresso.kernel.jit.x86.RowsRun.Grid;
import io.compresso.kernel.jit.x86.RowsRun.Grid.Lay;
import io.compresso.tensor.DType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Quantization, dequantization and other changes of type in AVX2 or AVX-512 code. */
public final class X86Convert implements Kernel {
  private static final Set<DType> FROM =
      Set.of(
          DType.FLOAT,
          DType.FLOAT16,
          DType.BFLOAT16,
          DType.UINT8,
          DType.INT8,
          DType.UINT16,
          DType.INT16,
          DType.INT32);

  private final VectorSet set;
  private final KernelSpec spec;

  /**
   * @param isa {@code AVX2} or {@code AVX512}
   */
  public X86Convert(Isa isa) {
    this.set = VectorSet.of(isa);
    this.spec = X86Unary.spec("x-convert", KernelFamily.CONVERT, FROM, set, isa);
  }

  @Override
  public KernelSpec spec() {
    return spec;
  }

  @Override
  public Acceptance accepts(Problem problem, CpuFeatures cpu) {
    return problem instanceof ConvertProblem convert
        ? Acceptance.when(
                FROM.contains(convert.from())
                    && FROM.contains(convert.to())
                    && convert.to() != DType.INT32,
                "no code from %s to %s".formatted(convert.from(), convert.to()))
            .and(ExecutableMemory.allowed())
        : Acceptance.no("not a change of type");
  }

  @Override
  public PreparedKernel prepare(Problem problem, Weights weights) {
    return new Run(spec, set, (ConvertProblem) problem, weights.quantization(), true);
  }

  /** Whether all channels have the same constants. */
  private static boolean isUniform(ConvertProblem problem, WeightQuantization quantization) {
    for (int c = 1; c < problem.channels(); c++) {
      if (quantization.scale(c) != quantization.scale(0)
          || quantization.zeroPoint(c) != quantization.zeroPoint(0)) {
        return false;
      }
    }
    return true;
  }

  private static final class Run extends RowsRun {
    /** Steps outside of the range that quotients are kept to, where they saturate. */
    private static final int MARGIN = 2;

    private final WeightQuantization quantization;
    private final int channels;
    private final MemorySegment scales;

    private final boolean multiplies;

    private final Supplier<Run> dividing;
    private @Nullable Run divider;

    /**
     * @param multiplies whether a reciprocal may take the place of a constant scale
     */
    Run(
        KernelSpec spec,
        VectorSet set,
        ConvertProblem problem,
        WeightQuantization quantization,
        boolean multiplies) {
      Optional<ExactReciprocal> reciprocal =
          multiplies ? reciprocal(problem, quantization) : Optional.empty();
      boolean uniform = isUniform(problem, quantization);
      boolean byColumn = !uniform && problem.inner() == 1;
      super(
          spec,
          problem,
          true,
          new ConvertCode.Source(
              set,
              problem.from(),
              problem.to(),
              byColumn ? Sharing.COLUMN : Sharing.ROW,
              reciprocal.isPresent()),
          grid(problem, uniform, byColumn));
      this.quantization = quantization;
      this.channels = uniform ? Math.min(1, problem.channels()) : problem.channels();
      this.scales = arena.allocate(8L * channels, 64);
      extra(0, quantization.outputZeroPoint());
      fill(scales, 0, 1);
      this.multiplies = reciprocal.isPresent();
      this.dividing = () -> new Run(spec, set, problem, quantization, false);
      if (reciprocal.isPresent()) {
        float scale = quantization.scale(0);
        float low = (problem.to().minValue() - quantization.zeroPoint(0) - MARGIN) * scale;
        float high = (problem.to().maxValue() - quantization.zeroPoint(0) + MARGIN) * scale;
        ConvertCode.extras(this, reciprocal.orElseThrow(), low, high);
      }
    }

    /** That of a quantization to bytes with one scale, if it is exact. */
    private static Optional<ExactReciprocal> reciprocal(
        ConvertProblem problem, WeightQuantization quantization) {
      if (!problem.from().isFloat()
          || problem.to().isFloat()
          || problem.to().bits() > Byte.SIZE
          || problem.channels() == 0
          || Math.abs(quantization.zeroPoint(0)) > Short.MAX_VALUE
          || !isUniform(problem, quantization)) {
        return Optional.empty();
      }
      int zeroPoint = quantization.zeroPoint(0);
      return ExactReciprocal.of(
          quantization.scale(0),
          (int) problem.to().minValue() - zeroPoint,
          (int) problem.to().maxValue() - zeroPoint);
    }

    private static Grid grid(ConvertProblem problem, boolean uniform, boolean byColumn) {
      int from = Lanes.bytes(problem.from());
      int to = Lanes.bytes(problem.to());
      int weight = problem.from().isFloat() ? 2 : 1;
      if (uniform) {
        return Grid.dense(1, problem.count(), from, to, weight);
      }
      long columns = byColumn ? problem.channels() : problem.inner();
      Lay constants = byColumn ? new Lay(0, 4) : new Lay(4, 0);
      return new Grid(
          byColumn ? problem.outer() : problem.outer() * problem.channels(),
          byColumn ? Math.max(1, problem.outer()) : problem.channels(),
          columns,
          new Lay(columns * from, from),
          constants,
          new Lay(columns * to, to),
          constants,
          weight);
    }

    private void fill(MemorySegment target, int zeroPoint, float scale) {
      for (int c = 0; c < channels; c++) {
        target.setAtIndex(ValueLayout.JAVA_FLOAT, c, quantization.scale(c) * scale);
        target.setAtIndex(
            ValueLayout.JAVA_INT, (long) channels + c, quantization.zeroPoint(c) + zeroPoint);
      }
    }

    @Override
    long blockOffset(int operand, long block) {
      return operand == 1 || operand == 3 ? 0 : super.blockOffset(operand, block);
    }

    @Override
    Runnable bindChecked(Operands operands, int threads) {
      if (operands.inputScale() == 1 && operands.inputZeroPoint() == 0) {
        return call(operands, scales, threads);
      }
      if (multiplies) {
        return divider().bindChecked(operands, threads);
      }
      MemorySegment own = Arena.ofAuto().allocate(8L * channels, 64);
      fill(own, operands.inputZeroPoint(), operands.inputScale());
      return call(operands, own, threads);
    }

    @Override
    public QuantizedRun bindQuantized(Operands operands, int threads) {
      if (multiplies) {
        return divider().bindQuantized(operands, threads);
      }
      operands.require(problem(), true);
      if (problem().outputBytes() == 0) {
        return (_, _) -> {};
      }
      MemorySegment own = Arena.ofAuto().allocate(8L * channels, 64);
      Runnable run = call(operands, own, threads);
      return (zeroPoint, scale) -> {
        fill(own, zeroPoint, scale);
        run.run();
      };
    }

    private Runnable call(Operands operands, MemorySegment values, int threads) {
      return call(
          new Buffers(operands.input(), values, operands.output(), values.asSlice(4L * channels)),
          threads);
    }

    /** What divides by scales that only a run knows. */
    private synchronized Run divider() {
      if (divider == null) {
        divider = dividing.get();
      }
      return divider;
    }

    @Override
    public synchronized void close() {
      if (divider != null) {
        divider.close();
      }
      super.close();
    }
  }
}
