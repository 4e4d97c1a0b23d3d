package io.compresso.evaluate;

import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** The area under the receiver operating characteristic. */
public final class RocCurve {
  private RocCurve() {}

  /**
   * The probability that a positive scores above a negative, ties counted half (the Mann-Whitney
   * statistic).
   *
   * @return null when all are positive or none is
   */
  public static @Nullable Double area(float[] scores, boolean[] positive) {
    int n = scores.length;
    Integer[] order = IntStream.range(0, n).boxed().toArray(Integer[]::new);
    java.util.Arrays.sort(order, (a, b) -> Float.compare(scores[a], scores[b]));
    double ranks = 0;
    long positives = 0;
    int from = 0;
    while (from < n) {
      int to = from;
      long tied = 0;
      while (to < n && scores[order[to]] == scores[order[from]]) {
        tied += positive[order[to]] ? 1 : 0;
        to++;
      }
      if (to == from) {
        return null;
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
}
