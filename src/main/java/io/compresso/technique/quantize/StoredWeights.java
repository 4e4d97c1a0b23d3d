package io.compresso.technique.quantize;

import io.compresso.technique.Report;
import io.compresso.tensor.DType;
import io.compresso.tensor.QuantParams;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.function.LongToDoubleFunction;
import org.jspecify.annotations.Nullable;

/**
 * A layer's weights, and what is stored in their place.
 *
 * @param before the weights
 * @param after as many numbers, in the same order, that the stored ones stand for
 */
record StoredWeights(long size, LongToDoubleFunction before, LongToDoubleFunction after) {
  /** Bins of a histogram. */
  static final int BINS = 48;

  /** Integers in the order of the weights. */
  static StoredWeights of(Tensor weights, WeightQuantizer.Quantized quantized) {
    Tensor values = quantized.values();
    QuantParams params = quantized.params();
    Shape shape = values.shape();
    int channels = params.scales().length;
    long inner =
        params.axis().isPresent()
            ? shape.size(params.axis().getAsInt() + 1, shape.rank())
            : Math.max(1, values.size());
    return new StoredWeights(
        weights.size(),
        weights::getDouble,
        i -> params.dequantize((int) values.getLong(i), (int) (i / inner % channels)));
  }

  /** Integers in blocks. */
  static StoredWeights of(BlockWeights own) {
    int depth = Math.max(1, own.matrix().depth());
    return new StoredWeights(
        own.integers().length,
        i -> own.matrix().values()[(int) i],
        i -> {
          int at = own.grid().at((int) (i / depth), (int) (i % depth));
          return own.grid().dequantize(own.integers()[(int) i], at);
        });
  }

  /** Numbers of half precision. */
  static StoredWeights of(Tensor weights, DType half) {
    Tensor one = Tensor.allocate(half, Shape.of(1));
    return new StoredWeights(
        weights.size(),
        weights::getDouble,
        i -> {
          one.setFloat(0, weights.getFloat(i));
          return one.getFloat(0);
        });
  }

  /** These weights, then others. */
  StoredWeights plus(StoredWeights other) {
    return new StoredWeights(
        size + other.size,
        i -> i < size ? before.applyAsDouble(i) : other.before.applyAsDouble(i - size),
        i -> i < size ? after.applyAsDouble(i) : other.after.applyAsDouble(i - size));
  }

  /** The histogram of some weights; null when there are none. */
  static Report.@Nullable Histogram histogram(@Nullable StoredWeights weights) {
    return weights == null || weights.size == 0 ? null : weights.histogram();
  }

  /** Both counted in bins from the least to the largest number; NaN and infinities are left out. */
  private Report.Histogram histogram() {
    double low = Double.POSITIVE_INFINITY;
    double high = Double.NEGATIVE_INFINITY;
    double signal = 0;
    double noise = 0;
    for (long i = 0; i < size; i++) {
      double x = before.applyAsDouble(i);
      double y = after.applyAsDouble(i);
      if (Double.isFinite(x) && Double.isFinite(y)) {
        low = Math.min(low, Math.min(x, y));
        high = Math.max(high, Math.max(x, y));
        signal += x * x;
        noise += (x - y) * (x - y);
      }
    }
    if (!(low <= high)) {
      low = 0;
      high = 0;
    }
    return new Report.Histogram(
        low,
        high,
        counts(before, low, high),
        counts(after, low, high),
        noise > 0 && signal > 0 ? 10 * Math.log10(signal / noise) : null);
  }

  private List<Long> counts(LongToDoubleFunction values, double low, double high) {
    long[] counts = new long[BINS];
    double width = (high - low) / BINS;
    for (long i = 0; i < size; i++) {
      double value = values.applyAsDouble(i);
      if (Double.isFinite(value)) {
        int bin = width > 0 ? (int) ((value - low) / width) : 0;
        counts[Math.clamp(bin, 0, BINS - 1)]++;
      }
    }
    List<Long> list = new ArrayList<>();
    for (long count : counts) {
      list.add(count);
    }
    return list;
  }
}
