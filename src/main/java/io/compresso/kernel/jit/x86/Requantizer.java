package io.compresso.kernel.jit.x86;

import io.compresso.kernel.Acceptance;
import io.compresso.kernel.Epilogue;
import io.compresso.kernel.ProductProblem;
import io.compresso.kernel.WeightQuantization;
import io.compresso.kernel.Weights;
import io.compresso.kernel.jit.CodeCache;
import io.compresso.kernel.jit.NativeCall;
import io.compresso.kernel.panel.PanelShape.BiasAxis;
import io.compresso.tensor.DType;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The integer side of an 8-bit problem whose products are of unsigned with signed bytes.
 *
 * <p>Signed inputs X and unsigned weights W are moved by 128 together with their zero points, which
 * changes no difference. Then {@code sum (X - zx)(W - zw) = sum XW - zx sum W - zw sum X + K zx
 * zw}: the second and the last term are constants of a channel, with which the sums begin ({@link
 * #startOfSum}); the third one is subtracted afterwards where weights have zero points.
 */
final class Requantizer implements AutoCloseable {
  private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED;
  private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED;
  private static final int MOVE = 128;

  private final VectorSet set;
  private final ProductProblem problem;
  private final WeightQuantization quantization;
  private final BiasAxis channels;
  private final long sumStride;
  private final long outputStride;
  private final int[] intBias;
  private final float[] floatBias;
  private final boolean crosses;
  private final Map<Integer, CodeCache.Lease> variants = new ConcurrentHashMap<>();

  /**
   * @param channels the axis along which the channels lie in blocks of sums
   * @param sumStride elements from one row of sums to the next
   * @param outputStride elements from one row of results to the next
   */
  Requantizer(
      VectorSet set,
      ProductProblem problem,
      Weights weights,
      BiasAxis channels,
      long sumStride,
      long outputStride) {
    this.set = set;
    this.problem = problem;
    this.quantization = weights.quantization();
    this.channels = channels;
    this.sumStride = sumStride;
    this.outputStride = outputStride;
    boolean biased = problem.epilogue().bias();
    boolean floats = problem.types().output() == DType.FLOAT;
    this.intBias =
        biased && !floats ? Objects.requireNonNull(weights.bias()).toArray(INT) : new int[0];
    this.floatBias =
        biased && floats ? Objects.requireNonNull(weights.bias()).toArray(FLOAT) : new float[0];
    this.crosses = crosses(problem, quantization);
  }

  /** Whether the weights have zero points once they are moved. */
  static boolean crosses(ProductProblem problem, WeightQuantization quantization) {
    for (int channel = 0; channel < problem.outputChannels(); channel++) {
      if (weightZeroPoint(problem, quantization, channel) != 0) {
        return true;
      }
    }
    return false;
  }

  /** Whether the epilogue's clip can be applied before rounding. */
  static Acceptance accepts(Epilogue epilogue) {
    return epilogue
        .isPlain()
        .and(
            Acceptance.when(
                isWhole(epilogue.low()) && isWhole(epilogue.high()),
                "the clip range is not of whole steps"));
  }

  private static boolean isWhole(float bound) {
    return Float.isInfinite(bound) || bound == Math.rint(bound);
  }

  private static int weightZeroPoint(
      ProductProblem problem, WeightQuantization quantization, int channel) {
    return quantization.zeroPoint(channel) - (problem.types().weight() == DType.UINT8 ? MOVE : 0);
  }

  /** What the bytes of the input are combined with, exclusive or, to move them. */
  static int inputFlip(ProductProblem problem) {
    return problem.types().input() == DType.INT8 ? 0x80 : 0;
  }

  /** What the bytes of the weights are combined with, exclusive or, to move them. */
  static int weightFlip(ProductProblem problem) {
    return problem.types().weight() == DType.UINT8 ? 0x80 : 0;
  }

  /** The input's zero point, moved with the input. */
  int inputZeroPoint(int zeroPoint) {
    return zeroPoint + (problem.types().input() == DType.INT8 ? MOVE : 0);
  }

  /** Whether sums are results already. */
  boolean isIdentity() {
    return problem.types().output() == DType.INT32 && !crosses;
  }

  /** Whether the sums of the other operand are needed. */
  boolean crosses() {
    return crosses;
  }

  /**
   * What the sum of a channel begins with.
   *
   * @param zeroPoint the input's, moved
   * @param weightSum sum of the channel's moved weights
   * @param depth how many they are
   */
  int startOfSum(int channel, int zeroPoint, int weightSum, int depth) {
    int bias = intBias.length == 0 ? 0 : intBias[channel];
    return bias
        - zeroPoint * weightSum
        + depth * zeroPoint * weightZeroPoint(problem, quantization, channel);
  }

  /** Bytes of the constants. */
  long constantBytes() {
    return 12L * problem.outputChannels();
  }

  /** Writes the constants of a run. */
  void constants(float inputScale, MemorySegment target) {
    int count = problem.outputChannels();
    boolean floats = problem.types().output() == DType.FLOAT;
    for (int channel = 0; channel < count; channel++) {
      float scale = quantization.scale(channel);
      target.setAtIndex(FLOAT, channel, floats ? inputScale * scale : scale);
      target.setAtIndex(FLOAT, count + channel, floatBias.length == 0 ? 0 : floatBias[channel]);
      target.setAtIndex(INT, 2L * count + channel, weightZeroPoint(problem, quantization, channel));
    }
  }

  /**
   * Turns sums into results.
   *
   * @param cross sums of the other operand, along the axis that is not the channels'
   * @param constants those of the run, from the block's first channel on
   */
  void apply(
      MemorySegment sums,
      MemorySegment cross,
      MemorySegment output,
      MemorySegment constants,
      int rows,
      int columns) {
    if (rows == 0 || columns == 0) {
      return;
    }
    int tail = columns % set.lanes();
    NativeCall.block(
        variants.computeIfAbsent(tail, this::lease).entry(),
        sums,
        cross,
        output,
        constants,
        rows,
        columns / set.lanes(),
        set.mask(tail));
  }

  private CodeCache.Lease lease(int tail) {
    RequantizeCode code =
        new RequantizeCode(
            set,
            problem.types().output(),
            new RequantizeCode.Layout(
                channels, problem.outputChannels(), sumStride, outputStride, tail),
            problem.epilogue(),
            quantization.outputZeroPoint(),
            crosses);
    return CodeCache.lease(code, code::generate);
  }

  @Override
  public void close() {
    variants.values().forEach(CodeCache.Lease::close);
  }
}
