package io.compresso.kernel.jit.x86;

import io.compresso.kernel.Acceptance;
import io.compresso.kernel.ConvProblem.Layout;
import io.compresso.kernel.CpuFeatures;
import io.compresso.kernel.Isa;
import io.compresso.kernel.Kernel;
import io.compresso.kernel.KernelFamily;
import io.compresso.kernel.KernelSpec;
import io.compresso.kernel.PoolProblem;
import io.compresso.kernel.PreparedKernel;
import io.compresso.kernel.Problem;
import io.compresso.kernel.ReduceFunction;
import io.compresso.kernel.ReduceProblem;
import io.compresso.kernel.SpatialAxis;
import io.compresso.kernel.Weights;
import io.compresso.kernel.jit.ExecutableMemory;
import io.compresso.tensor.DType;
import java.util.Set;

/** Pooling of both layouts in AVX2 or AVX-512 code. */
public final class X86Pool implements Kernel {
  private static final Set<DType> TYPES =
      Set.of(DType.FLOAT, DType.FLOAT16, DType.BFLOAT16, DType.UINT8, DType.INT8);

  /** Sums of so many bytes are exact in single precision. */
  private static final long MOST_SUMMED = 1 << 15;

  private static final long MOST_COLUMNS = 1 << 16;
  private static final int MOST_TAPS = 256;

  private final VectorSet set;
  private final KernelSpec spec;

  /**
   * @param isa {@code AVX2} or {@code AVX512}
   */
  public X86Pool(Isa isa) {
    this.set = VectorSet.of(isa);
    this.spec = X86Unary.spec("x-pool", KernelFamily.POOL, TYPES, set, isa);
  }

  @Override
  public KernelSpec spec() {
    return spec;
  }

  @Override
  public Acceptance accepts(Problem problem, CpuFeatures cpu) {
    return problem instanceof PoolProblem pool
        ? Acceptance.when(TYPES.contains(pool.type()), "elements of type " + pool.type())
            .and(PoolRuns.accepts(pool))
            .and(
                Acceptance.when(
                    pool.type().isFloat() || window(pool) <= MOST_SUMMED,
                    "more than %d bytes in a window",
                    MOST_SUMMED))
            .and(
                Acceptance.when(
                    pool.layout() == Layout.NHWC || isGlobal(pool) || isShort(pool),
                    "rows that are too long"))
            .and(ExecutableMemory.allowed())
        : Acceptance.no("not a pooling");
  }

  private static boolean isShort(PoolProblem problem) {
    SpatialAxis axis = problem.axes().getLast();
    return axis.size() <= MOST_COLUMNS
        && axis.kernel() <= MOST_TAPS
        && axis.padBegin() < MOST_COLUMNS
        && axis.padEnd() < MOST_COLUMNS;
  }

  private static boolean isGlobal(PoolProblem problem) {
    return problem.axes().stream()
        .allMatch(axis ->
            axis.kernel() == axis.size()
                && axis.padBegin() == 0
                && axis.padEnd() == 0
                && axis.outputSize() == 1);
  }

  private static long window(PoolProblem problem) {
    return problem.axes().stream().mapToLong(axis -> axis.kernel()).reduce(1, (a, b) -> a * b);
  }

  @Override
  public PreparedKernel prepare(Problem problem, Weights weights) {
    PoolProblem pool = (PoolProblem) problem;
    if (pool.layout() == Layout.NCHW && pool.type().isFloat() && isGlobal(pool)) {
      ReduceFunction function =
          pool.kind() == PoolProblem.Kind.MAX ? ReduceFunction.MAX : ReduceFunction.MEAN;
      long planes = (long) pool.batch() * pool.channels();
      return new X86Reduce.Run(
          spec, set, pool, new ReduceProblem(function, pool.type(), planes, pool.inputArea(), 1));
    }
    if (ByteMaxRun.accepts(pool)) {
      return new ByteMaxRun(spec, set, pool);
    }
    return pool.layout() == Layout.NHWC
        ? new ChannelPoolRun(spec, set, pool, weights.quantization())
        : new PlanePoolRun(spec, set, pool, weights.quantization());
  }
}
