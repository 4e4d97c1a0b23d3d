package io.compresso.evaluate;

import java.time.Duration;

/**
 * How long a measurement takes.
 *
 * @param warmUp before anything counts, for each of the two
 * @param measure for both together; ends it when {@code minPairs} are there
 * @param minPairs pairs of runs that there must be
 * @param maxPairs pairs of runs after which it ends
 */
public record LatencyOptions(Duration warmUp, Duration measure, int minPairs, int maxPairs) {
  public static final LatencyOptions DEFAULT =
      new LatencyOptions(Duration.ofMillis(500), Duration.ofSeconds(3), 20, 5000);

  /** For one of many measurements. */
  public static final LatencyOptions SHORT =
      new LatencyOptions(Duration.ofMillis(100), Duration.ofMillis(600), 10, 1000);

  public LatencyOptions {
    if (minPairs < 1 || maxPairs < minPairs) {
      throw new IllegalArgumentException("pairs from " + minPairs + " to " + maxPairs);
    }
  }
}
