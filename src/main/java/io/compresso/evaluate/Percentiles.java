package io.compresso.evaluate;

import java.util.Arrays;

/** Latency of one run, in milliseconds. */
public record Percentiles(double p50, double p95, double p99) {

  /** Of times in nanoseconds, in any order. */
  public static Percentiles ofNanos(double[] nanos) {
    double[] sorted = nanos.clone();
    Arrays.sort(sorted);
    return new Percentiles(at(sorted, 0.5) / 1e6, at(sorted, 0.95) / 1e6, at(sorted, 0.99) / 1e6);
  }

  /** The value below which {@code fraction} of a sorted array lies, interpolated. */
  static double at(double[] sorted, double fraction) {
    double position = fraction * (sorted.length - 1);
    int below = (int) position;
    int above = Math.min(sorted.length - 1, below + 1);
    return sorted[below] + (position - below) * (sorted[above] - sorted[below]);
  }
}
