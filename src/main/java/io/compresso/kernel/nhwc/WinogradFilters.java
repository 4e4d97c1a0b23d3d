package io.compresso.kernel.nhwc;

import io.compresso.kernel.ConvProblem;
import io.compresso.kernel.WeightQuantization;
import io.compresso.kernel.Workers;
import io.compresso.kernel.nhwc.WinogradBackend.FilterKernel;
import io.compresso.kernel.panel.WordTransposer;
import io.compresso.tensor.DType;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * Filters {@code [o][c][3][3]} as {@code G g G^T}: {@code [panel][position][c][vector][lane]},
 * computed in double precision and rounded once. The last panel of a group may have fewer vectors.
 * Those of bytes, less their zero points, become pairs of words: {@code
 * [panel][position][c/2][vector][lane][2]}.
 */
final class WinogradFilters {
  private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED;
  private static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT_UNALIGNED;
  private static final int AREA = WinogradTransform.TAPS * WinogradTransform.TAPS;

  /** Channels that are transformed at a time. */
  private static final int BLOCK = 16;

  /** Above all magnitudes from which no overflow can come. */
  private static final float MODERATE = 0x1p100f;

  /** The greatest magnitude of an input less its zero point. */
  private static final int MOST_INPUT = 255;

  private final ConvProblem problem;
  private final WeightQuantization quantization;
  private final Arithmetic arithmetic;
  private final WinogradTransform transform;
  private final int vectors;
  private final int lanes;

  /**
   * @param quantization has the zero points of filters of bytes
   * @param outputs of a side of a tile
   */
  WinogradFilters(
      ConvProblem problem, WeightQuantization quantization, WinogradBackend backend, int outputs) {
    this.problem = problem;
    this.quantization = quantization;
    this.arithmetic = backend.arithmetic();
    this.transform = WinogradTransform.of(arithmetic, outputs);
    this.vectors = backend.vectors();
    this.lanes = backend.lanes();
  }

  /** Whether zero points leave filters of bytes as small as the transform needs them. */
  static boolean areModerate(ConvProblem problem, WeightQuantization quantization) {
    DType type = problem.types().weight();
    int most = WinogradTransform.EXACT_MOST_FILTER;
    return type.bits() != 8
        || (quantization.greatestZeroPoint() - type.minValue() <= most
            && type.maxValue() - quantization.leastZeroPoint() <= most);
  }

  /**
   * Whether sums are exact.
   *
   * @param weight the sum of the magnitudes of a filter of bytes
   */
  static boolean isModerate(long weight) {
    return weight * MOST_INPUT < WinogradTransform.EXACT_BOUND;
  }

  /** Whether a filter that has no larger value than one of these bits cannot overflow. */
  static boolean isModerate(int bits) {
    return bits < Float.floatToRawIntBits(MODERATE);
  }

  /** The zero point of an output channel's filter. */
  int zeroPoint(int channel) {
    return arithmetic.isInteger() ? quantization.zeroPoint(channel) : 0;
  }

  ConvProblem problem() {
    return problem;
  }

  /** Input channels of a step. */
  int grain() {
    return arithmetic.grain();
  }

  /** Steps of a sum. */
  int steps() {
    return Math.ceilDiv(problem.channels().inPerGroup(), arithmetic.grain());
  }

  int panels() {
    return problem.channels().groups() * groupPanels();
  }

  /** Panels of a group. */
  int groupPanels() {
    return Math.ceilDiv(problem.channels().outPerGroup(), vectors * lanes);
  }

  int vectorsOf(int panel) {
    int all = Math.ceilDiv(problem.channels().outPerGroup(), lanes);
    return Math.min(vectors, all - panel % groupPanels() * vectors);
  }

  /** The first output channel of a panel. */
  int firstChannel(int panel) {
    int group = panel / groupPanels();
    return group * problem.channels().outPerGroup() + panel % groupPanels() * vectors * lanes;
  }

  /** The channel after the last one of a panel's group. */
  private int endChannel(int panel) {
    return (panel / groupPanels() + 1) * problem.channels().outPerGroup();
  }

  /** Where a panel begins, in bytes. */
  long offset(int panel) {
    return panel / groupPanels() * groupBytes() + panel % groupPanels() * panelBytes();
  }

  /** Bytes of a panel that is not the last. */
  private long panelBytes() {
    return vectorBytes() * vectors;
  }

  private long groupBytes() {
    return vectorBytes() * Math.ceilDiv(problem.channels().outPerGroup(), lanes);
  }

  private long vectorBytes() {
    return 4L * transform.positions() * steps() * lanes;
  }

  long bytes() {
    return groupBytes() * problem.channels().groups();
  }

  /**
   * Transforms filters.
   *
   * @param kernel does the work, if there is one
   * @return whether the filters are so far from overflow that the transformed ones are finite, and
   *     sums of bytes exact
   */
  boolean pack(MemorySegment data, MemorySegment target, @Nullable FilterKernel kernel) {
    boolean compiled = kernel != null && lanes == WordTransposer.LANES && data.isNative();
    AtomicBoolean moderate = new AtomicBoolean(true);
    Workers.shared()
        .run(
            panels(),
            Workers.shared().size(),
            panel -> {
              MemorySegment here = target.asSlice(offset(panel));
              boolean fine =
                  compiled && kernel != null
                      ? pack(data, here, panel, kernel)
                      : pack(data, here, panel);
              if (!fine) {
                moderate.set(false);
              }
            });
    return moderate.get();
  }

  private boolean pack(MemorySegment data, MemorySegment target, int panel, FilterKernel kernel) {
    long stepBytes = 4L * vectorsOf(panel) * lanes;
    try (TransposedFilters filters = new TransposedFilters(kernel, data, this)) {
      for (int vector = 0; vector < vectorsOf(panel); vector++) {
        int first = firstChannel(panel) + vector * lanes;
        filters.transform(
            first,
            Math.min(lanes, endChannel(panel) - first),
            target.address() + 4L * vector * lanes,
            steps() * stepBytes,
            stepBytes);
      }
      return filters.areModerate();
    }
  }

  private boolean pack(MemorySegment data, MemorySegment target, int panel) {
    int channels = problem.channels().inPerGroup();
    int width = vectorsOf(panel) * lanes;
    int first = firstChannel(panel);
    int count = Math.min(width, endChannel(panel) - first);
    float[][] rows = new float[count][];
    boolean moderate = true;
    for (int lane = 0; lane < count; lane++) {
      rows[lane] = floats(data, first + lane, channels * AREA);
      moderate &= areModerate(rows[lane]);
    }
    int block = Math.min(BLOCK, channels);
    Block buffers = new Block(transform, block * width);
    for (int c = 0; c < channels; c += block) {
      int here = Math.min(block, channels - c);
      for (int lane = 0; lane < count; lane++) {
        spread(rows[lane], c * AREA, buffers.taps, lane, width, here);
      }
      for (int p = 0; p < transform.size(); p++) {
        buffers.columns(transform.filter()[p]);
        for (int q = 0; q < transform.size(); q++) {
          buffers.row(transform.filter()[q]);
          long position = (long) p * transform.size() + q;
          long at = 4 * width * (position * steps() + c / grain());
          if (arithmetic.isInteger()) {
            storePairs(buffers.row, here, width, target, at);
          } else {
            MemorySegment.copy(buffers.row, 0, target, FLOAT, at, here * width);
          }
        }
      }
    }
    return moderate;
  }

  /** Stores the values of some channels, to each of which a channel after the last adds 0. */
  private static void storePairs(
      float[] values, int channels, int width, MemorySegment target, long at) {
    for (int c = 0; c < channels + channels % 2; c++) {
      for (int lane = 0; lane < width; lane++) {
        short value = c < channels ? (short) values[c * width + lane] : 0;
        target.set(SHORT, at + 4L * width * (c / 2) + 4L * lane + 2L * (c % 2), value);
      }
    }
  }

  /** Gives each tap of some filters a row of its own. */
  private static void spread(
      float[] filters, int from, double[][] taps, int lane, int width, int count) {
    for (int tap = 0; tap < AREA; tap++) {
      double[] target = taps[tap];
      for (int c = 0; c < count; c++) {
        target[c * width + lane] = filters[from + c * AREA + tap];
      }
    }
  }

  private boolean areModerate(float[] values) {
    int largest = 0;
    long weight = 0;
    for (float value : values) {
      largest = Math.max(largest, Float.floatToRawIntBits(value) & Integer.MAX_VALUE);
      weight += arithmetic.isInteger() ? (long) Math.abs(value) : 0;
    }
    return isModerate(largest) && isModerate(weight);
  }

  /** The filter of an output channel. */
  private float[] floats(MemorySegment data, int channel, int count) {
    long from = (long) channel * count;
    float[] result = new float[count];
    switch (problem.types().weight()) {
      case FLOAT16 -> {
        for (int i = 0; i < count; i++) {
          result[i] = Float.float16ToFloat(data.get(SHORT, 2 * (from + i)));
        }
      }
      case INT8 -> {
        for (int i = 0; i < count; i++) {
          result[i] = data.get(ValueLayout.JAVA_BYTE, from + i) - zeroPoint(channel);
        }
      }
      case UINT8 -> {
        for (int i = 0; i < count; i++) {
          int value = Byte.toUnsignedInt(data.get(ValueLayout.JAVA_BYTE, from + i));
          result[i] = value - zeroPoint(channel);
        }
      }
      default -> MemorySegment.copy(data, FLOAT, 4 * from, result, 0, count);
    }
    return result;
  }

  /** Filters of some channels, side by side. */
  private static final class Block {
    private final double[][] taps;
    private final double[][] columns;
    private final float[] row;

    Block(WinogradTransform transform, int filters) {
      this.taps = new double[AREA][filters];
      this.columns = new double[WinogradTransform.TAPS][filters];
      this.row = new float[filters];
    }

    /** Combines the rows of the filters. */
    void columns(double[] factors) {
      for (int x = 0; x < WinogradTransform.TAPS; x++) {
        combine(
            factors,
            taps[x],
            taps[WinogradTransform.TAPS + x],
            taps[2 * WinogradTransform.TAPS + x],
            columns[x]);
      }
    }

    private static void combine(
        double[] factors, double[] a, double[] b, double[] c, double[] target) {
      double first = factors[0];
      double second = factors[1];
      double third = factors[2];
      for (int i = 0; i < target.length; i++) {
        target[i] = first * a[i] + second * b[i] + third * c[i];
      }
    }

    /** Combines what {@link #columns} has left. */
    void row(double[] factors) {
      double first = factors[0];
      double second = factors[1];
      double third = factors[2];
      double[] a = columns[0];
      double[] b = columns[1];
      double[] c = columns[2];
      for (int i = 0; i < row.length; i++) {
        row[i] = (float) (first * a[i] + second * b[i] + third * c[i]);
      }
    }
  }

  /** Writes the filters of floats that {@link #pack} has transformed, rounded. */
  void unpack(MemorySegment packed, MemorySegment target) {
    int channels = problem.channels().inPerGroup();
    int perGroup = problem.channels().outPerGroup();
    int[] rows = transform.inverseRows();
    double[][] inverse = transform.filterInverse();
    double[][] values = new double[WinogradTransform.TAPS][WinogradTransform.TAPS];
    for (int o = 0; o < problem.channels().out(); o++) {
      int panel = o / perGroup * groupPanels() + o % perGroup / (vectors * lanes);
      int width = vectorsOf(panel) * lanes;
      long base = offset(panel) + 4L * (o - firstChannel(panel));
      for (int c = 0; c < channels; c++) {
        for (int i = 0; i < WinogradTransform.TAPS; i++) {
          for (int j = 0; j < WinogradTransform.TAPS; j++) {
            long position = (long) rows[i] * transform.size() + rows[j];
            values[i][j] = packed.get(FLOAT, base + 4 * width * (position * channels + c));
          }
        }
        long at = ((long) o * channels + c) * AREA;
        for (int tap = 0; tap < AREA; tap++) {
          double sum = 0;
          for (int i = 0; i < WinogradTransform.TAPS; i++) {
            for (int j = 0; j < WinogradTransform.TAPS; j++) {
              sum +=
                  inverse[tap / WinogradTransform.TAPS][i]
                      * values[i][j]
                      * inverse[tap % WinogradTransform.TAPS][j];
            }
          }
          target.set(FLOAT, 4 * (at + tap), (float) sum);
        }
      }
    }
  }
}
