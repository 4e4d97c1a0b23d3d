package io.compresso.kernel.nhwc;

import io.compresso.kernel.ConvProblem;
import io.compresso.kernel.Operands;
import io.compresso.kernel.WeightQuantization;
import io.compresso.kernel.Weights;
import io.compresso.tensor.DType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The constants of the channels, {@code [group][panel][vector]} of {@link
 * TileShape#CONSTANT_VECTORS} vectors.
 *
 * <p>With inputs X and filters W less their zero points, {@code sum (X - zx) W = sum XW - zx sum
 * W}: the second term, and an integer bias, are what the sums begin with.
 */
public final class ChannelConstants {
  private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED;
  private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED;

  private final ConvProblem problem;
  private final PanelLayout layout;
  private final int move;
  private final boolean integer;
  private final WeightQuantization quantization;
  private final int[] intBias;
  private final float[] floatBias;
  private volatile @Nullable Kept kept;
  private @Nullable MemorySegment reserved;

  /** Constants that are kept for the next run. */
  private record Kept(int zeroPoint, float scale, MemorySegment segment) {}

  /**
   * Copies what it needs of the weights.
   *
   * @param move what was added to the elements of an 8-bit input, see {@link Arithmetic#move}
   */
  public ChannelConstants(ConvProblem problem, PanelLayout layout, Weights weights, int move) {
    this.move = move;
    this.problem = problem;
    this.layout = layout;
    this.integer = problem.types().isInt8();
    this.quantization = weights.quantization();
    boolean floats = problem.types().output().isFloat();
    MemorySegment bias =
        problem.epilogue().bias() ? Objects.requireNonNull(weights.bias()) : MemorySegment.NULL;
    this.intBias = floats ? new int[0] : bias.toArray(INT);
    this.floatBias = floats ? bias.toArray(FLOAT) : new float[0];
  }

  /** The input's zero point as tiles see it, 0 for floats. */
  public int inputZeroPoint(Operands operands) {
    return integer ? operands.inputZeroPoint() + move : 0;
  }

  /** From one panel's constants to the next one's. */
  public long panelBytes() {
    return 4L * TileShape.CONSTANT_VECTORS * layout.vectors() * layout.lanes();
  }

  /** Bytes of all constants. */
  public long bytes() {
    return panelBytes() * layout.panels() * (problem.channels().out() / layout.channels());
  }

  /** Memory of {@link #bytes} zeros for the first constants that are kept, beside the filters. */
  public synchronized void reserve(MemorySegment memory) {
    reserved = memory;
  }

  private synchronized MemorySegment memory(boolean keep) {
    MemorySegment memory = reserved;
    if (!keep || memory == null) {
      return Arena.ofAuto().allocate(bytes(), 64);
    }
    reserved = null;
    return memory;
  }

  /**
   * The constants of a run.
   *
   * @param sums sums of the filters, of integers
   * @param keep whether the sums are the same in every run
   */
  public MemorySegment of(Operands operands, int[] sums, boolean keep) {
    int zeroPoint = inputZeroPoint(operands);
    float scale = operands.inputScale();
    Kept last = kept;
    if (keep && last != null && last.zeroPoint == zeroPoint && last.scale == scale) {
      return last.segment;
    }
    MemorySegment segment = make(zeroPoint, scale, sums, memory(keep));
    if (keep) {
      kept = new Kept(zeroPoint, scale, segment);
    }
    return segment;
  }

  private MemorySegment make(int zeroPoint, float inputScale, int[] sums, MemorySegment target) {
    int channels = problem.channels().out();
    int lanes = layout.lanes();
    int groupWords = Math.toIntExact(panelBytes() / Integer.BYTES * layout.panels());
    int[] words = new int[Math.multiplyExact(groupWords, channels / layout.channels())];
    boolean floats = problem.types().output() == DType.FLOAT;
    for (int channel = 0; channel < channels; channel++) {
      int within = channel % layout.channels();
      int first =
          channel / layout.channels() * groupWords
              + layout.vector(within) * TileShape.CONSTANT_VECTORS * lanes
              + layout.lane(within);
      float floatTerm = floatBias.length == 0 ? 0 : floatBias[channel];
      for (int copy = 0; copy < layout.copies(within); copy++) {
        int at = first + copy * lanes / 2;
        if (integer) {
          int bias = intBias.length == 0 ? 0 : intBias[channel];
          words[at] = bias - zeroPoint * sums[channel];
          float factor = quantization.scale(channel);
          words[at + lanes] = Float.floatToRawIntBits(floats ? inputScale * factor : factor);
          words[at + 2 * lanes] = Float.floatToRawIntBits(floatTerm);
        } else {
          words[at] = Float.floatToRawIntBits(floatTerm);
        }
      }
    }
    MemorySegment.copy(words, 0, target, INT, 0, words.length);
    return target;
  }
}
