package io.compresso.kernel.nhwc;

import io.compresso.kernel.ConvProblem;
import io.compresso.kernel.WeightQuantization;
import io.compresso.tensor.DType;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;

/**
 * Packs filters {@code [o][c][kernel...]} for tiles: {@code
 * [group][panel][run][step][part][vector][lane][4 bytes]}.
 *
 * <p>Bytes have their zero points subtracted. Where the difference does not fit into a signed byte,
 * it is the sum of two or three that do: the parts.
 */
final class PackedFilters {
  private static final ValueLayout.OfByte BYTE = ValueLayout.JAVA_BYTE;
  private static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT_UNALIGNED;
  private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED;
  private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED;

  private final ConvProblem problem;
  private final Geometry geometry;
  private final Tiling tiling;
  private final Arithmetic arithmetic;
  private final WeightQuantization quantization;
  private final int steps;
  private final int parts;

  PackedFilters(
      ConvProblem problem,
      Geometry geometry,
      Tiling tiling,
      Arithmetic arithmetic,
      WeightQuantization quantization) {
    this.problem = problem;
    this.geometry = geometry;
    this.tiling = tiling;
    this.arithmetic = arithmetic;
    this.quantization = quantization;
    this.steps = geometry.steps(arithmetic);
    this.parts = parts(problem, arithmetic, quantization);
  }

  /** How many signed bytes a filter less its zero point takes. */
  static int parts(ConvProblem problem, Arithmetic arithmetic, WeightQuantization quantization) {
    if (!arithmetic.hasByteFilters()) {
      return 1;
    }
    int parts = 1;
    int move = problem.types().weight() == DType.UINT8 ? 128 : 0;
    for (int channel = 0; channel < problem.channels().out(); channel++) {
      int zeroPoint = quantization.zeroPoint(channel) - move;
      parts = Math.max(parts, zeroPoint == 0 ? 1 : zeroPoint > -128 ? 2 : 3);
    }
    return parts;
  }

  int parts() {
    return parts;
  }

  /** Bytes of a full panel. */
  long panelBytes() {
    return vectorBytes() * tiling.vectors();
  }

  long groupBytes() {
    return vectorBytes() * Math.ceilDiv(tiling.channels(), tiling.lanes());
  }

  long bytes() {
    return groupBytes() * geometry.channels().groups();
  }

  private long vectorBytes() {
    return 4L * geometry.runs() * steps * parts * tiling.lanes();
  }

  /**
   * Packs the filters.
   *
   * @return the sums of the filters of integers, one an output channel
   */
  int[] pack(MemorySegment data, MemorySegment target) {
    target.fill((byte) 0);
    int channels = problem.channels().out();
    int[] sums = new int[arithmetic.isInteger() ? channels : 0];
    int perGroup = problem.channels().inPerGroup();
    int taps = (int) problem.kernelArea();
    long[] offsets = offsets(perGroup, taps);
    int lanes = tiling.lanes();
    for (int channel = 0; channel < channels; channel++) {
      int within = channel % tiling.channels();
      int panel = within / (tiling.vectors() * lanes);
      int lane = within % (tiling.vectors() * lanes);
      int vectors = tiling.vectorsOf(panel);
      long base = channel / tiling.channels() * groupBytes() + panel * panelBytes() + 4L * lane;
      long unit = 4L * vectors * lanes;
      long from = (long) channel * perGroup * taps;
      int first =
          geometry.depthwise() ? 0 : within / problem.channels().outPerGroup() * perGroup * taps;
      for (int i = 0; i < perGroup * taps; i++) {
        long offset = offsets[first + i];
        long at = base + (offset >> 2) * parts * unit + (offset & 3) * arithmetic.elementBytes();
        if (arithmetic.isInteger()) {
          int value = difference(data, from + i, channel);
          sums[channel] += value;
          put(target, at, unit, value);
        } else if (arithmetic == Arithmetic.BFLOATS) {
          target.set(SHORT, at, data.get(SHORT, 2 * (from + i)));
        } else {
          target.set(FLOAT, at, floatValue(data, from + i));
        }
      }
    }
    return sums;
  }

  /** Four times the step, and the element of the step, of each channel and tap of a group. */
  private long[] offsets(int perGroup, int taps) {
    int merged = geometry.merged();
    long[] offsets = new long[merged * perGroup * taps];
    if (geometry.depthwise()) {
      Arrays.setAll(offsets, tap -> 4L * tap);
      return offsets;
    }
    int columns = geometry.width().kernel();
    int grain = arithmetic.grain();
    for (int c = 0; c < merged * perGroup; c++) {
      for (int tap = 0; tap < taps; tap++) {
        int run = geometry.hasWholeRows() ? tap / columns : tap;
        int element = geometry.hasWholeRows() ? tap % columns * geometry.channels().in() + c : c;
        offsets[c * taps + tap] = 4L * ((long) run * steps + element / grain) + element % grain;
      }
    }
    return offsets;
  }

  private void put(MemorySegment target, long at, long unit, int value) {
    if (arithmetic == Arithmetic.WORDS) {
      target.set(SHORT, at, (short) value);
      return;
    }
    if (arithmetic == Arithmetic.WIDENED_BYTES) {
      target.set(INT, at, value);
      return;
    }
    int rest = value;
    for (int part = 0; part < parts; part++) {
      int here = Math.clamp(rest, Byte.MIN_VALUE, Byte.MAX_VALUE);
      target.set(BYTE, at + part * unit, (byte) here);
      rest -= here;
    }
  }

  private int difference(MemorySegment data, long index, int channel) {
    byte value = data.get(BYTE, index);
    int wide = problem.types().weight() == DType.UINT8 ? value & 0xFF : value;
    return wide - quantization.zeroPoint(channel);
  }

  private float floatValue(MemorySegment data, long index) {
    return switch (problem.types().weight()) {
      case FLOAT16 -> Float.float16ToFloat(data.get(SHORT, 2 * index));
      case BFLOAT16 -> Float.intBitsToFloat(data.get(SHORT, 2 * index) << 16);
      default -> data.get(FLOAT, 4 * index);
    };
  }
}
