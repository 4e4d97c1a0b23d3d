package io.compresso.technique.quantize;

import io.compresso.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/**
 * The distribution of a stream of real numbers in memory that does not grow: a fixed number of bins
 * over {@code [-limit, limit]}, where the limit is a power of two that doubles (bins merged in
 * pairs) when a larger number comes. Bins do not depend on the order of the numbers. The range is
 * exact; of batches larger than asked for, the bins count a sample.
 */
final class StreamingHistogram {
  /** Bins on either side of zero. */
  static final int HALF = 2048;

  /** Neighbours that are sampled together. */
  private static final int LINE = 16;

  private static final double MOMENTUM = 0.01;

  private final long[] bins = new long[2 * HALF];
  private final double[] sums = new double[2 * HALF];
  private final long mostPerBatch;
  private float limit;
  private float min = Float.POSITIVE_INFINITY;
  private float max = Float.NEGATIVE_INFINITY;
  private double averageMin;
  private double averageMax;
  private long batches;
  private long count;
  private long zeros;
  private long notFinite;

  /** All numbers are counted. */
  StreamingHistogram() {
    this(Long.MAX_VALUE);
  }

  /**
   * Of each batch about as many numbers are counted as asked for, spread over all of it.
   *
   * @param mostPerBatch at least 1
   */
  StreamingHistogram(long mostPerBatch) {
    this.mostPerBatch = mostPerBatch;
  }

  /** Adds the elements of a float tensor as one batch. */
  void add(Tensor tensor) {
    MemorySegment values = FloatParts.of(tensor);
    add(values, tensor.size(), Extremes.of(values, tensor.size()));
  }

  /**
   * Adds the elements of a float tensor as one batch.
   *
   * @param extremes the tensor's
   */
  void add(Tensor tensor, Extremes extremes) {
    add(FloatParts.of(tensor), tensor.size(), extremes);
  }

  /** Adds numbers as one batch. */
  void add(float... values) {
    MemorySegment segment = MemorySegment.ofArray(values);
    add(segment, values.length, Extremes.of(segment, values.length));
  }

  private void add(MemorySegment values, long size, Extremes extremes) {
    notFinite += extremes.notFinite();
    if (extremes.isEmpty()) {
      return;
    }
    widen(Math.max(-extremes.low(), extremes.high()));
    average(extremes.low(), extremes.high());
    min = Math.min(min, extremes.low());
    max = Math.max(max, extremes.high());
    long lines = size / LINE;
    long wanted = Math.ceilDiv(mostPerBatch, LINE);
    if (size > mostPerBatch && lines > wanted) {
      countSample(values, lines, wanted);
    } else {
      countAll(values, size);
    }
  }

  private void countAll(MemorySegment values, long size) {
    float[] block = FloatParts.floats(FloatParts.BLOCK);
    for (long from = 0; from < size; from += FloatParts.BLOCK) {
      int n = (int) Math.min(FloatParts.BLOCK, size - from);
      FloatParts.load(values, from, block, n);
      count(block, n);
    }
  }

  /**
   * Counts one line of each of {@code wanted} stretches of equal length, at a place within that
   * differs from stretch to stretch and from batch to batch, so that no period of the data can
   * agree with the sample's.
   */
  private void countSample(MemorySegment values, long lines, long wanted) {
    float[] block = FloatParts.floats(LINE);
    for (long i = 0; i < wanted; i++) {
      long start = lines * i / wanted;
      long length = lines * (i + 1) / wanted - start;
      long at = start + Math.floorMod(scatter(batches * wanted + i), length);
      FloatParts.load(values, at * LINE, block, LINE);
      count(block, LINE);
    }
  }

  /** The finalizer of SplitMix64; G. Steele et al., OOPSLA 2014. */
  private static long scatter(long value) {
    long z = value + 0x9E3779B97F4A7C15L;
    z = (z ^ z >>> 30) * 0xBF58476D1CE4E5B9L;
    z = (z ^ z >>> 27) * 0x94D049BB133111EBL;
    return z ^ z >>> 31;
  }

  private void count(float[] block, int n) {
    double perWidth = limit == 0 ? 0 : HALF / (double) limit;
    for (int i = 0; i < n; i++) {
      float value = block[i];
      if (Math.abs(value) <= Float.MAX_VALUE) {
        int bin = (int) Math.floor(value * perWidth) + HALF;
        bin = Math.min(bin, 2 * HALF - 1);
        bins[bin]++;
        sums[bin] += value;
        count++;
        zeros += value == 0 ? 1 : 0;
      }
    }
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
    return min > max;
  }

  /** How many finite numbers were counted. */
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
