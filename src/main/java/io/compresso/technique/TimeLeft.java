package io.compresso.technique;

import io.compresso.evaluate.LatencyOptions;
import java.time.Duration;
import java.util.Locale;

/**
 * The minutes that are left of a job's budget, of which parts of the final measurement take shares.
 *
 * @param deadline when they are spent, in {@link System#nanoTime} terms
 */
record TimeLeft(long deadline) {
  /** The shortest measurement, as a fraction of the usual one. */
  private static final double SHORTEST = 0.02;

  private static final int FEWEST_PAIRS = 3;

  /** The budget of a job that begins now. */
  static TimeLeft of(JobSpec.Budget budget) {
    return new TimeLeft(System.nanoTime() + (long) (budget.maxMinutes() * 60e9));
  }

  /** A share of what is left, in seconds; 0 when nothing is. */
  double seconds(double share) {
    return Math.max(0, (deadline - System.nanoTime()) / 1e9) * share;
  }

  /** How much of a measurement fits into a share of what is left: 1 for all. */
  double fraction(LatencyOptions wanted, double share) {
    double needed = (2 * wanted.warmUp().toNanos() + wanted.measure().toNanos()) / 1e9;
    return Math.clamp(seconds(share) / needed, SHORTEST, 1);
  }

  /** A measurement with fewer repetitions. */
  static LatencyOptions shortened(LatencyOptions wanted, double fraction) {
    return fraction >= 1
        ? wanted
        : new LatencyOptions(
            times(wanted.warmUp(), fraction),
            times(wanted.measure(), fraction),
            Math.max(FEWEST_PAIRS, (int) (wanted.minPairs() * fraction)),
            wanted.maxPairs());
  }

  /** What is said of a shortened measurement. */
  static String note(String what, LatencyOptions wanted, double fraction) {
    return String.format(
        Locale.ROOT,
        "budget: %s was measured for %.2f s instead of %.2f, since little of budget.maxMinutes was"
            + " left",
        what,
        fraction * wanted.measure().toNanos() / 1e9,
        wanted.measure().toNanos() / 1e9);
  }

  private static Duration times(Duration duration, double factor) {
    return Duration.ofNanos((long) (duration.toNanos() * factor));
  }
}
