package io.compresso.technique.quantize;

import io.compresso.tensor.DType;
import io.compresso.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * The distribution of a stream of real numbers in memory that does not grow: a fixed number of bins
 * over {@code [-limit, limit]}, where the limit is a power of two that doubles (bins merged in
 * pairs) when a larger number comes. Bins do not depend on the order of the numbers.
 */
final class StreamingHistogram {
  /** Bins on either side of zero. */
  static final int HALF = 2048;

  private static final ValueLayout.OfFloat FLOAT =
      ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final double MOMENTUM = 0.01;

  private final long[] bins = new long[2 * HALF];
  private final double[] sums = new double[2 * HALF];
  private final float[] buffer = new float[4096];
  private float limit;
  private float min = Float.POSITIVE_INFINITY;
  private float max = Float.NEGATIVE_INFINITY;
  private double averageMin;
  private double averageMax;
  private long batches;
  private long count;
  private long zeros;
  private long notFinite;

  /** Adds the elements of a float tensor as one batch. */
  void add(Tensor tensor) {
    if (tensor.dtype() == DType.FLOAT) {
      add(tensor.segment(), tensor.size());
    } else {
      float[] values = tensor.toFloats();
      add(MemorySegment.ofArray(values), values.length);
    }
  }

  /** Adds numbers as one batch. */
  void add(float... values) {
    add(MemorySegment.ofArray(values), values.length);
  }

  private void add(MemorySegment values, long size) {
    float low = Float.POSITIVE_INFINITY;
    float high = Float.NEGATIVE_INFINITY;
    for (long from = 0; from < size; from += buffer.length) {
      int n = load(values, from, size);
      for (int i = 0; i < n; i++) {
        float value = buffer[i];
        if (Math.abs(value) <= Float.MAX_VALUE) {
          low = Math.min(low, value);
          high = Math.max(high, value);
        }
      }
    }
    if (low <= high) {
      widen(Math.max(-low, high));
      average(low, high);
      min = Math.min(min, low);
      max = Math.max(max, high);
    }
    double perWidth = limit == 0 ? 0 : HALF / (double) limit;
    for (long from = 0; from < size; from += buffer.length) {
      int n = load(values, from, size);
      for (int i = 0; i < n; i++) {
        float value = buffer[i];
        if (Math.abs(value) <= Float.MAX_VALUE) {
          int bin = (int) Math.floor(value * perWidth) + HALF;
          bin = Math.min(bin, 2 * HALF - 1);
          bins[bin]++;
          sums[bin] += value;
          count++;
          zeros += value == 0 ? 1 : 0;
        } else {
          notFinite++;
        }
      }
    }
  }

  private int load(MemorySegment values, long from, long size) {
    int n = (int) Math.min(buffer.length, size - from);
    MemorySegment.copy(values, FLOAT, from * 4, buffer, 0, n);
    return n;
  }

  private void average(float low, float high) {
    averageMin = batches == 0 ? low : averageMin + MOMENTUM * (low - averageMin);
    averageMax = batches == 0 ? high : averageMax + MOMENTUM * (high - averageMax);
    batches++;
  }

  private void widen(float magnitude) {
    if (magnitude <= limit) {
      return;
    }
    float wanted = powerOfTwoAtLeast(magnitude);
    if (limit == 0) {
      limit = wanted;
      return;
    }
    long[] old = bins.clone();
    double[] oldSums = sums.clone();
    Arrays.fill(bins, 0);
    Arrays.fill(sums, 0);
    int shift = Math.getExponent(wanted) - Math.getExponent(limit);
    for (int i = 0; i < old.length; i++) {
      int bin = (int) (((long) (i - HALF) >> Math.min(shift, 31)) + HALF);
      bins[bin] += old[i];
      sums[bin] += oldSums[i];
    }
    limit = wanted;
  }

  private static float powerOfTwoAtLeast(float magnitude) {
    float floor = Math.scalb(1f, Math.max(Math.getExponent(magnitude), Float.MIN_EXPONENT));
    if (floor >= magnitude) {
      return floor;
    }
    return Math.getExponent(floor) == Float.MAX_EXPONENT ? Float.MAX_VALUE : floor * 2;
  }

  /** Whether no finite number was added. */
  boolean isEmpty() {
    return count == 0;
  }

  /** How many finite numbers were added. */
  long count() {
    return count;
  }

  /** How many of them were exactly zero. */
  long zeros() {
    return zeros;
  }

  /** How many infinities and NaNs were added; they are in no bin. */
  long notFinite() {
    return notFinite;
  }

  /** The exact range of the finite numbers. */
  Range range() {
    requireSome();
    return new Range(min, max);
  }

  /** Exponential moving average of the batches' ranges, with momentum 0.01. */
  Range averageRange() {
    requireSome();
    return new Range((float) averageMin, (float) averageMax);
  }

  /** The width of a bin. */
  double width() {
    return limit == 0 ? Float.MIN_NORMAL : limit / (double) HALF;
  }

  /** The counts; bin {@code i} holds {@code [(i - HALF) * width, (i - HALF + 1) * width)}. */
  long[] bins() {
    return bins.clone();
  }

  /** The mean of the numbers in bin {@code i}, which must hold some. */
  double mean(int i) {
    return sums[i] / bins[i];
  }

  /** The lower edge of bin {@code i}. */
  double edge(int i) {
    return (i - HALF) * width();
  }

  private void requireSome() {
    if (isEmpty()) {
      throw new IllegalStateException("nothing was observed");
    }
  }
}
