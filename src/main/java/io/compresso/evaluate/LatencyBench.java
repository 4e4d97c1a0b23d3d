package io.compresso.evaluate;

import io.compresso.tensor.Value;
import java.time.Duration;
import java.util.Arrays;
import java.util.Map;

/** Times two things in turns. */
public final class LatencyBench {
  private LatencyBench() {}

  /**
   * Times of two runs that were taken in turns, in nanoseconds: {@code first[i]} and {@code
   * second[i]} are neighbours. Which of the two comes first changes from pair to pair.
   */
  public record Pairs(double[] first, double[] second) {
    /** How often faster the second is. */
    public Ratio ratio() {
      return Ratio.of(first, second);
    }
  }

  /** Warms both up, then times them in turns. */
  public static Pairs time(Runnable first, Runnable second, LatencyOptions options) {
    warmUp(first, options);
    warmUp(second, options);
    double[] a = new double[options.maxPairs()];
    double[] b = new double[options.maxPairs()];
    long end = System.nanoTime() + options.measure().toNanos();
    int count = 0;
    while (count < options.maxPairs() && (count < options.minPairs() || System.nanoTime() < end)) {
      if ((count & 1) == 0) {
        a[count] = nanos(first);
        b[count] = nanos(second);
      } else {
        b[count] = nanos(second);
        a[count] = nanos(first);
      }
      count++;
    }
    return new Pairs(Arrays.copyOf(a, count), Arrays.copyOf(b, count));
  }

  /**
   * Times of blocks of runs that were taken in turns, for runs on several threads: {@code rest} is
   * called between a block of the one and a block of the other, and the first run of a block wakes
   * its threads and does not count. A time is the median of a block.
   *
   * @param block how long a block takes; at least three runs
   */
  static Pairs timeInBlocks(
      Runnable first, Runnable second, LatencyOptions options, Duration block, Runnable rest) {
    warmUp(first, options);
    rest.run();
    warmUp(second, options);
    double[] a = new double[options.maxPairs()];
    double[] b = new double[options.maxPairs()];
    long end = System.nanoTime() + options.measure().toNanos();
    int count = 0;
    while (count < options.maxPairs() && (count < options.minPairs() || System.nanoTime() < end)) {
      rest.run();
      a[count] = blockNanos(first, block);
      rest.run();
      b[count] = blockNanos(second, block);
      count++;
    }
    rest.run();
    return new Pairs(Arrays.copyOf(a, count), Arrays.copyOf(b, count));
  }

  private static double blockNanos(Runnable run, Duration block) {
    run.run();
    double[] times = new double[64];
    int count = 0;
    long end = System.nanoTime() + block.toNanos();
    while (count < 3 || System.nanoTime() < end) {
      if (count == times.length) {
        times = Arrays.copyOf(times, 2 * count);
      }
      times[count++] = nanos(run);
    }
    double[] sorted = Arrays.copyOf(times, count);
    Arrays.sort(sorted);
    return Percentiles.at(sorted, 0.5);
  }

  private static void warmUp(Runnable run, LatencyOptions options) {
    long end = System.nanoTime() + options.warmUp().toNanos();
    int count = 0;
    do {
      run.run();
      count++;
    } while (count < 3 || System.nanoTime() < end);
  }

  private static double nanos(Runnable run) {
    long start = System.nanoTime();
    run.run();
    return Math.max(1, System.nanoTime() - start);
  }

  /**
   * The latency of a model and its parent in the runtime that both are open in. Each gets its own
   * inputs, as they may differ in type.
   *
   * @param threads that both were opened with
   */
  public static Latency measure(
      Timed parent, Timed child, int threads, boolean spinning, LatencyOptions options) {
    try (PreparedRun first = parent.runner().prepare(parent.inputs());
        PreparedRun second = child.runner().prepare(child.inputs())) {
      Pairs pairs = time(first::run, second::run, options);
      return new Latency(
          parent.runner().runtime(),
          parent.batch(),
          threads,
          spinning,
          pairs.first().length,
          Percentiles.ofNanos(pairs.first()),
          Percentiles.ofNanos(pairs.second()),
          pairs.ratio());
    }
  }

  /**
   * A model and what it is timed on.
   *
   * @param batch samples in the inputs
   */
  public record Timed(Runner runner, Map<String, ? extends Value> inputs, long batch) {}
}
