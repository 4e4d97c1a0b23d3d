package io.compresso.technique.quantize;

import java.util.Arrays;

/**
 * The share of a distribution's range whose quantized form diverges least (Kullback-Leibler) from
 * the distribution, zeros apart, which every range represents exactly; S. Migacz, "8-bit inference
 * with TensorRT", GTC 2017. Takes time by the bins that hold something.
 */
final class EntropyRange {
  private static final int STEPS = 128;

  /** Where the bins lie that hold something, in increasing order, and what they hold. */
  private final int[] places;

  private final double[] counts;

  /** What lies before each of them. */
  private final double[] before;

  private final int levels;

  /** The bins within the range that is looked at, with what is clipped into the outermost two. */
  private final int[] inside;

  private final double[] held;
  private final double[] clipped;

  private EntropyRange(long[] bins, int levels) {
    int filled = (int) Arrays.stream(bins).filter(bin -> bin > 0).count();
    this.places = new int[filled];
    this.counts = new double[filled];
    this.before = new double[filled + 1];
    this.levels = levels;
    this.inside = new int[filled + 2];
    this.held = new double[filled + 2];
    this.clipped = new double[filled + 2];
    int next = 0;
    for (int i = 0; i < bins.length; i++) {
      if (bins[i] > 0) {
        places[next] = i;
        counts[next] = bins[i];
        before[next + 1] = before[next] + bins[i];
        next++;
      }
    }
  }

  /**
   * The share, above 0 and at most 1, of the bins on both sides of the middle one.
   *
   * @param bins counts
   * @param middle the first bin above zero
   * @param below bins of the whole range below zero
   * @param above bins of the whole range above zero
   * @param levels numbers that the quantized form has
   */
  static double share(long[] bins, int middle, int below, int above, int levels) {
    EntropyRange range = new EntropyRange(bins, levels);
    double least = Double.POSITIVE_INFINITY;
    double best = 1;
    for (int step = STEPS; step >= 1; step--) {
      double share = (double) step / STEPS;
      int from = middle - (int) Math.round(below * share);
      int to = middle + (int) Math.round(above * share);
      if (to - from < levels) {
        break;
      }
      double divergence = range.divergence(from, to);
      if (divergence < least) {
        least = divergence;
        best = share;
      }
    }
    return best;
  }

  /** Divergence of the bins, clipped to those in {@code [from, to)}, from their quantization. */
  private double divergence(int from, int to) {
    int first = lowerBound(from);
    int end = lowerBound(to);
    double total = before[counts.length];
    double kept = before[end] - before[first];
    if (kept == 0) {
      return Double.POSITIVE_INFINITY;
    }
    int size = fill(from, to, first, end);
    double divergence = 0;
    for (int start = 0; start < size; ) {
      int level = level(inside[start] - from, to - from);
      double mass = 0;
      int stop = start;
      while (stop < size && level(inside[stop] - from, to - from) == level) {
        mass += held[stop++];
      }
      double q = Math.max(mass / (stop - start) / kept, 1e-12);
      for (int i = start; i < stop; i++) {
        double p = clipped[i] / total;
        divergence += p * Math.log(p / q);
      }
      start = stop;
    }
    return divergence;
  }

  /** Lists the bins in the range that are not empty once the others are clipped; gives how many. */
  private int fill(int from, int to, int first, int end) {
    double low = before[first];
    double high = before[counts.length] - before[end];
    int size = 0;
    if (low > 0 && places[first] != from) {
      inside[size++] = from;
      held[0] = 0;
    }
    int firstCell = size;
    for (int i = first; i < end; i++) {
      inside[size] = places[i];
      held[size] = counts[i];
      clipped[size++] = counts[i];
    }
    if (high > 0 && places[end - 1] != to - 1) {
      inside[size] = to - 1;
      held[size] = 0;
      clipped[size++] = 0;
    }
    clipped[0] = firstCell > 0 ? low : clipped[0] + low;
    clipped[size - 1] += high;
    return size;
  }

  /** Of so many bins, the quantized number that one belongs to. */
  private int level(int bin, int size) {
    return (int) (((bin + 1L) * levels - 1) / size);
  }

  private int lowerBound(int place) {
    int at = Arrays.binarySearch(places, place);
    return at < 0 ? -at - 1 : at;
  }
}
