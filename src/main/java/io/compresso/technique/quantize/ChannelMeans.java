package io.compresso.technique.quantize;

import io.compresso.tensor.Tensor;
import io.compresso.tensor.Value;
import java.lang.foreign.MemorySegment;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The mean of each channel of values, streamed: sums for each channel, nothing for each sample. */
final class ChannelMeans {
  /** Elements that are added at a time. */
  private static final int FEW = 1024;

  private static final class Sums {
    private final double[] sums;
    private long count;

    Sums(int channels) {
      this.sums = new double[channels];
    }
  }

  private final Map<String, Integer> axes;
  private final Map<String, Sums> sums = new HashMap<>();

  /**
   * Means to take.
   *
   * @param axes the channel axis of each value, negative from the end
   */
  ChannelMeans(Map<String, Integer> axes) {
    this.axes = axes;
  }

  /**
   * Adds a value of a run; others than those asked for are ignored.
   *
   * @param channelsLast whether it is shown with axis 1 moved to the end
   * @return the value's extremes, which cost little here; null where it was ignored
   */
  @Nullable Extremes observe(String name, Value value, boolean channelsLast) {
    Integer axis = axes.get(name);
    if (axis == null
        || !(value instanceof Tensor tensor)
        || !tensor.dtype().isFloat()
        || tensor.shape().rank() < 2
        || tensor.size() == 0) {
      return null;
    }
    ChannelAxis channels = ChannelAxis.of(tensor.shape(), axis, channelsLast);
    Sums sum = sums.computeIfAbsent(name, _ -> new Sums(channels.channels()));
    if (sum.sums.length != channels.channels()) {
      return null;
    }
    MemorySegment values = FloatParts.of(tensor);
    boolean rows = channels.inner() == 1;
    double[][] parts = new double[FloatParts.count(tensor.size())][channels.channels()];
    Extremes[] extremes = new Extremes[parts.length];
    FloatParts.run(
        tensor.size(),
        rows ? channels.outer() : channels.outer() * channels.channels(),
        (part, from, to) -> {
          extremes[part] = new Extremes();
          if (rows) {
            addRows(values, channels.channels(), from, to, parts[part], extremes[part]);
          } else {
            addRuns(values, channels.inner(), from, to, parts[part], extremes[part]);
          }
        });
    for (double[] part : parts) {
      for (int c = 0; c < part.length; c++) {
        sum.sums[c] += part[c];
      }
    }
    sum.count += channels.outer() * channels.inner();
    return Extremes.merged(extremes);
  }

  /** Adds rows of one element a channel: some at a time in float, their sums in double. */
  private static void addRows(
      MemorySegment values, int channels, long from, long to, double[] sums, Extremes extremes) {
    int rows = Math.max(1, FEW / channels);
    float[] block = FloatParts.floats(rows * channels);
    float[] partial = new float[rows * channels];
    for (long row = from; row < to; row += rows) {
      int n = (int) Math.min(rows, to - row) * channels;
      FloatParts.load(values, row * channels, block, n);
      extremes.add(values, row * channels, n);
      for (int i = 0; i < n; i++) {
        partial[i] += block[i];
      }
    }
    if (isFinite(partial)) {
      addAll(partial, partial.length, sums);
      return;
    }
    for (long row = from; row < to; row += rows) {
      int n = (int) Math.min(rows, to - row) * channels;
      FloatParts.load(values, row * channels, block, n);
      dropNotFinite(block, n);
      addAll(block, n, sums);
    }
  }

  private static void addAll(float[] values, int n, double[] sums) {
    for (int i = 0; i < n; i++) {
      sums[i % sums.length] += values[i];
    }
  }

  /** Adds runs of elements that belong to one channel each. */
  private static void addRuns(
      MemorySegment values, int inner, long from, long to, double[] sums, Extremes extremes) {
    int runs = Math.max(1, FloatParts.BLOCK / inner);
    float[] block = FloatParts.floats(runs * inner);
    for (long run = from; run < to; run += runs) {
      int n = (int) Math.min(runs, to - run);
      FloatParts.load(values, run * inner, block, n * inner);
      extremes.add(values, run * inner, n * inner);
      for (int r = 0; r < n; r++) {
        double sum = sum(block, r * inner, inner);
        if (!Double.isFinite(sum)) {
          dropNotFinite(block, n * inner);
          sum = sum(block, r * inner, inner);
        }
        sums[(int) ((run + r) % sums.length)] += sum;
      }
    }
  }

  private static double sum(float[] values, int from, int count) {
    double a = 0;
    double b = 0;
    double c = 0;
    double d = 0;
    int end = from + (count & ~3);
    int i = from;
    for (; i < end; i += 4) {
      a += values[i];
      b += values[i + 1];
      c += values[i + 2];
      d += values[i + 3];
    }
    for (; i < from + count; i++) {
      a += values[i];
    }
    return a + b + (c + d);
  }

  private static boolean isFinite(float[] values) {
    for (float value : values) {
      if (!Float.isFinite(value)) {
        return false;
      }
    }
    return true;
  }

  private static void dropNotFinite(float[] values, int n) {
    for (int i = 0; i < n; i++) {
      values[i] = Float.isFinite(values[i]) ? values[i] : 0;
    }
  }

  /** The means of a value's channels, null when it was not seen. */
  float @Nullable [] means(String value) {
    Sums sum = sums.get(value);
    if (sum == null || sum.count == 0) {
      return null;
    }
    float[] means = new float[sum.sums.length];
    for (int c = 0; c < means.length; c++) {
      means[c] = (float) (sum.sums[c] / sum.count);
    }
    return means;
  }
}
