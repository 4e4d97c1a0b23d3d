package io.compresso.technique.quantize;

import io.compresso.technique.quantize.QuantizeParams.ObserverKind;
import io.compresso.tensor.DType;
import io.compresso.tensor.QuantParams;

/**
 * Finds the range to represent from what was observed.
 *
 * <ul>
 *   <li>Percentile: cuts the same share of the numbers on both sides.
 *   <li>Entropy: {@link EntropyRange}.
 *   <li>MSE: the range of least mean squared error, clipping and rounding together.
 * </ul>
 *
 * @param percentile for {@link ObserverKind#PERCENTILE}, percent of the numbers within the range
 */
record RangeFinder(ObserverKind kind, DType dtype, boolean symmetric, double percentile) {
  private static final int MSE_STEPS = 32;
  private static final double NARROWEST = 0.1;

  Range find(StreamingHistogram histogram) {
    Range seen = histogram.range();
    Range full = seen.union(new Range(0, 0));
    return switch (kind) {
      case MIN_MAX -> seen;
      case MOVING_AVERAGE -> histogram.averageRange();
      case PERCENTILE -> percentile(histogram, seen);
      case ENTROPY -> entropy(histogram, full);
      case MSE -> leastSquares(histogram, full);
    };
  }

  private Range percentile(StreamingHistogram histogram, Range full) {
    double cut = histogram.count() * (1 - percentile / 100) / 2;
    long[] bins = histogram.bins();
    boolean oneSided = full.low() >= 0 || full.high() <= 0;
    double low =
        full.low() >= 0 ? full.low() : edgeBelow(histogram, bins, oneSided ? 2 * cut : cut);
    double high =
        full.high() <= 0 ? full.high() : edgeAbove(histogram, bins, oneSided ? 2 * cut : cut);
    low = Math.max(low, full.low());
    high = Math.min(high, full.high());
    return low <= high ? new Range((float) low, (float) high) : full;
  }

  private static double edgeBelow(StreamingHistogram histogram, long[] bins, double cut) {
    double seen = 0;
    for (int i = 0; i < bins.length; i++) {
      if (bins[i] > 0 && seen + bins[i] > cut) {
        return histogram.edge(i) + histogram.width() * (cut - seen) / bins[i];
      }
      seen += bins[i];
    }
    return histogram.edge(bins.length);
  }

  private static double edgeAbove(StreamingHistogram histogram, long[] bins, double cut) {
    double seen = 0;
    for (int i = bins.length - 1; i >= 0; i--) {
      if (bins[i] > 0 && seen + bins[i] > cut) {
        return histogram.edge(i + 1) - histogram.width() * (cut - seen) / bins[i];
      }
      seen += bins[i];
    }
    return histogram.edge(0);
  }

  private Range entropy(StreamingHistogram histogram, Range full) {
    long[] bins = histogram.bins();
    bins[StreamingHistogram.HALF] -= histogram.zeros();
    int levels = (int) (dtype.maxValue() - dtype.minValue() + 1);
    int first = (int) Math.floor(full.low() / histogram.width()) + StreamingHistogram.HALF;
    int last =
        Math.min(
            (int) Math.floor(full.high() / histogram.width()) + StreamingHistogram.HALF,
            bins.length - 1);
    int below = Math.max(0, StreamingHistogram.HALF - first);
    int above = Math.max(0, last + 1 - StreamingHistogram.HALF);
    if (symmetric) {
      below = Math.max(below, above);
      above = below;
    }
    double share = EntropyRange.share(bins, StreamingHistogram.HALF, below, above, levels);
    return scaled(full, share, share);
  }

  private Range leastSquares(StreamingHistogram histogram, Range full) {
    Cells cells = Cells.of(histogram);
    Range best = full;
    double least = error(cells, full);
    boolean below = full.low() < 0;
    boolean above = full.high() > 0;
    for (int low = MSE_STEPS; low >= 1; low--) {
      for (int high = MSE_STEPS; high >= 1; high--) {
        if ((!below && low < MSE_STEPS)
            || (!above && high < MSE_STEPS)
            || (symmetric && low != high)) {
          continue;
        }
        Range range = scaled(full, share(low), share(high));
        double error = error(cells, range);
        if (error < least) {
          least = error;
          best = range;
        }
      }
    }
    return best;
  }

  private static double share(int step) {
    return NARROWEST + (1 - NARROWEST) * step / MSE_STEPS;
  }

  private Range scaled(Range full, double low, double high) {
    if (symmetric) {
      float magnitude = (float) (full.magnitude() * high);
      return new Range(-magnitude, magnitude);
    }
    return new Range((float) (full.low() * low), (float) (full.high() * high));
  }

  private double error(Cells cells, Range range) {
    QuantParams params = range.toParams(dtype, symmetric);
    double scale = params.scales()[0];
    int zeroPoint = params.zeroPoints()[0];
    double min = dtype.minValue() - zeroPoint;
    double max = dtype.maxValue() - zeroPoint;
    double error = 0;
    for (int i = 0; i < cells.centers.length; i++) {
      double q = Math.max(min, Math.min(max, Math.rint(cells.centers[i] / scale)));
      double difference = cells.centers[i] - q * scale;
      error += cells.counts[i] * difference * difference;
    }
    return error;
  }

  /** The bins that hold something, each as the mean of what it holds. */
  private record Cells(double[] centers, double[] counts) {
    static Cells of(StreamingHistogram histogram) {
      long[] bins = histogram.bins();
      int filled = 0;
      for (long bin : bins) {
        filled += bin > 0 ? 1 : 0;
      }
      double[] centers = new double[filled];
      double[] counts = new double[filled];
      int at = 0;
      for (int i = 0; i < bins.length; i++) {
        if (bins[i] > 0) {
          centers[at] = histogram.mean(i);
          counts[at++] = bins[i];
        }
      }
      return new Cells(centers, counts);
    }
  }
}
