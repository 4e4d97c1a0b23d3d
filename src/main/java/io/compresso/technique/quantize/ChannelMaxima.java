package io.compresso.technique.quantize;

import io.compresso.tensor.DType;
import io.compresso.tensor.Tensor;
import io.compresso.tensor.Value;
import java.lang.foreign.MemorySegment;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The largest magnitude of each channel of values; streamed. */
final class ChannelMaxima {
  /** The bits of infinity: larger ones are of no number. */
  private static final int INFINITY = 0x7f800000;

  private final Map<String, Integer> axes;
  private final Map<String, int[]> maxima = new HashMap<>();

  /**
   * Maxima to take.
   *
   * @param axes the channel axis of each value, negative from the end
   */
  ChannelMaxima(Map<String, Integer> axes) {
    this.axes = Map.copyOf(axes);
  }

  Set<String> wanted() {
    return axes.keySet();
  }

  /**
   * Looks at a value of a run; others than those asked for are ignored.
   *
   * @param channelsLast whether it is shown with axis 1 moved to the end
   */
  void observe(String name, Value value, boolean channelsLast) {
    Integer axis = axes.get(name);
    if (axis == null
        || !(value instanceof Tensor tensor)
        || tensor.dtype() != DType.FLOAT
        || tensor.shape().rank() < (axis < 0 ? -axis : axis + 1)
        || tensor.size() == 0) {
      return;
    }
    ChannelAxis channels = ChannelAxis.of(tensor.shape(), axis, channelsLast);
    int[] own = maxima.computeIfAbsent(name, _ -> new int[channels.channels()]);
    if (own.length != channels.channels()) {
      return;
    }
    MemorySegment values = tensor.segment();
    int[][] parts = new int[FloatParts.count(tensor.size())][own.length];
    FloatParts.run(
        tensor.size(),
        channels.inner() == 1 ? channels.outer() : channels.outer() * own.length,
        (part, from, to) -> within(values, channels, from, to, parts[part]));
    for (int[] part : parts) {
      for (int c = 0; c < own.length; c++) {
        own[c] = Math.max(own[c], part[c]);
      }
    }
  }

  /** Takes the largest bits of rows of one element a channel, or of runs of one channel. */
  private static void within(
      MemorySegment values, ChannelAxis axis, long from, long to, int[] maxima) {
    int length = axis.inner() == 1 ? axis.channels() : axis.inner();
    int groups = Math.max(1, FloatParts.BLOCK / length);
    int[] block = FloatParts.ints(groups * length);
    int[] partial = new int[axis.inner() == 1 ? groups * length : 0];
    for (long group = from; group < to; group += groups) {
      int n = (int) Math.min(groups, to - group) * length;
      FloatParts.load(values, group * length, block, n);
      if (largest(block, 0, n) >= INFINITY) {
        dropNotFinite(block, n);
      }
      if (axis.inner() == 1) {
        for (int i = 0; i < n; i++) {
          partial[i] = Math.max(partial[i], block[i] & Integer.MAX_VALUE);
        }
      } else {
        for (int g = 0; g < n / length; g++) {
          int channel = (int) ((group + g) % maxima.length);
          maxima[channel] = Math.max(maxima[channel], largest(block, g * length, length));
        }
      }
    }
    for (int i = 0; i < partial.length; i++) {
      maxima[i % maxima.length] = Math.max(maxima[i % maxima.length], partial[i]);
    }
  }

  private static int largest(int[] block, int from, int count) {
    int largest = 0;
    for (int i = from; i < from + count; i++) {
      largest = Math.max(largest, block[i] & Integer.MAX_VALUE);
    }
    return largest;
  }

  private static void dropNotFinite(int[] block, int n) {
    for (int i = 0; i < n; i++) {
      block[i] = (block[i] & Integer.MAX_VALUE) >= INFINITY ? 0 : block[i];
    }
  }

  /** The maxima of a value's channels, null when it was not seen. */
  float @Nullable [] of(String value) {
    int[] own = maxima.get(value);
    if (own == null) {
      return null;
    }
    float[] result = new float[own.length];
    for (int c = 0; c < result.length; c++) {
      result[c] = Float.intBitsToFloat(own[c]);
    }
    return result;
  }
}
