package io.compresso.evaluate;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** The area under the receiver operating characteristic. */
public final class RocCurve {
  private RocCurve() {}

  /**
   * The probability that a positive scores above a negative, ties counted half (the Mann-Whitney
   * statistic).
   *
   * @return null when all are positive or none is, or a score is not a number
   */
  public static @Nullable Double area(float[] scores, boolean[] positive) {
    int n = scores.length;
    long[] order = new long[n];
    for (int i = 0; i < n; i++) {
      if (Float.isNaN(scores[i])) {
        return null;
      }
      order[i] = (long) sortable(scores[i]) << 32 | i;
    }
    Arrays.sort(order);
    double ranks = 0;
    long positives = 0;
    int from = 0;
    while (from < n) {
      int to = from;
      long tied = 0;
      while (to < n && order[to] >> 32 == order[from] >> 32) {
        tied += positive[(int) order[to]] ? 1 : 0;
        to++;
      }
      ranks += tied * (from + to + 1) / 2.0;
      positives += tied;
      from = to;
    }
    long negatives = n - positives;
    if (positives == 0 || negatives == 0) {
      return null;
    }
    return (ranks - positives * (positives + 1) / 2.0) / ((double) positives * negatives);
  }

  /** An integer that orders as the float does; both zeros are one. */
  private static int sortable(float value) {
    int bits = Float.floatToIntBits(value + 0f);
    return bits ^ (bits >> 31 & Integer.MAX_VALUE);
  }
}
