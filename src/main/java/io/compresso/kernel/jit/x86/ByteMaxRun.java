package io.compresso.kernel.jit.x86;

import io.compresso.kernel.BoundKernel;
import io.compresso.kernel.ConvProblem.Layout;
import io.compresso.kernel.KernelSpec;
import io.compresso.kernel.Operands;
import io.compresso.kernel.PoolProblem;
import io.compresso.kernel.PoolProblem.Kind;
import io.compresso.kernel.SpatialAxis;
import io.compresso.kernel.jit.CodeCache;
import io.compresso.kernel.jit.NativeCall;
import io.compresso.kernel.panel.Chunks;
import io.compresso.tensor.DType;

/**
 * A prepared pooling of NHWC by the maxima of bytes: {@link ByteMaxCode} called for each row of the
 * output. For a row of a window that is outside of the input another one of the window is read, as
 * that does not change a maximum.
 */
final class ByteMaxRun implements BoundKernel {
  private static final int LEAST_CHANNELS = 16;
  private static final long MOST_TAPS = 2048;

  private final KernelSpec spec;
  private final PoolProblem problem;
  private final SpatialAxis height;
  private final SpatialAxis width;
  private final CodeCache.Lease code;

  /**
   * @param problem for which {@link #accepts} holds
   */
  ByteMaxRun(KernelSpec spec, VectorSet set, PoolProblem problem) {
    this.spec = spec;
    this.problem = problem;
    this.height = height(problem);
    this.width = problem.axes().getLast();
    ByteMaxCode generator =
        new ByteMaxCode(
            length(set, problem.channels()),
            problem.type(),
            width,
            problem.channels(),
            height.kernel());
    this.code = CodeCache.lease(generator, generator::generate);
  }

  /** Whether windows and channels are of a size for which there is code. */
  static boolean accepts(PoolProblem problem) {
    SpatialAxis width = problem.axes().getLast();
    return problem.kind() == Kind.MAX
        && (problem.type() == DType.UINT8 || problem.type() == DType.INT8)
        && problem.layout() == Layout.NHWC
        && problem.axes().size() <= 2
        && problem.channels() >= LEAST_CHANNELS
        && height(problem).kernel() <= ByteMaxCode.MOST_ROWS
        && width.span() <= ByteMaxCode.MOST_SPAN
        && (long) width.outputSize() * Math.max(width.kernel(), width.stride()) <= MOST_TAPS;
  }

  private static SpatialAxis height(PoolProblem problem) {
    return problem.axes().size() == 1 ? SpatialAxis.of(1, 1, 0) : problem.axes().getFirst();
  }

  private static Vec.Length length(VectorSet set, int channels) {
    if (set == VectorSet.AVX512 && channels >= Vec.Length.ZMM.bytes()) {
      return Vec.Length.ZMM;
    }
    return channels >= Vec.Length.YMM.bytes() ? Vec.Length.YMM : Vec.Length.XMM;
  }

  @Override
  public PoolProblem problem() {
    return problem;
  }

  @Override
  public KernelSpec spec() {
    return spec;
  }

  @Override
  public Runnable bind(Operands operands, int threads) {
    operands.require(problem, true);
    if (width.outputSize() == 0) {
      return () -> {};
    }
    return Chunks.bindEach(
        (long) problem.batch() * height.outputSize(),
        problem.inputBytes() + problem.outputBytes(),
        threads,
        row -> row(operands.input().address(), operands.output().address(), row));
  }

  private void row(long input, long output, long row) {
    int inImage = (int) (row % height.outputSize());
    long image = input + row / height.outputSize() * height.size() * rowBytes();
    int first = inImage * height.stride() - height.padBegin();
    int inside =
        first < 0 ? first + Math.ceilDiv(-first, height.dilation()) * height.dilation() : first;
    NativeCall.block(
        code.entry(),
        tap(image, first, 0, inside),
        tap(image, first, 1, inside),
        tap(image, first, 2, inside),
        output + row * width.outputSize() * problem.channels(),
        0,
        0,
        0);
  }

  /** The address of the row that a tap meets, or of one that is inside. */
  private long tap(long image, int first, int tap, int inside) {
    int at = first + tap * height.dilation();
    boolean isInside = tap < height.kernel() && at >= 0 && at < height.size();
    return image + (isInside ? at : inside) * rowBytes();
  }

  private long rowBytes() {
    return (long) width.size() * problem.channels();
  }

  @Override
  public void close() {
    code.close();
  }
}
