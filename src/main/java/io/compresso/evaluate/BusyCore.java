package io.compresso.evaluate;

import io.compresso.evaluate.bench.Contender;
import io.compresso.evaluate.bench.KernelCase;
import io.compresso.kernel.CpuFeatures;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** Times a case on one thread and on two, in turns. */
final class BusyCore {
  private static final int ROUNDS = 5;
  private static final int CALLS = 100;
  private static final int TRIALS = 20;
  private static final Duration WARM_UP = Duration.ofMillis(200);

  private BusyCore() {}

  /** Medians of 500 calls. */
  record Times(String kernel, double oneThreadMicros, double twoThreadsMicros) {}

  /** The times of the way that is fastest on one thread; empty when there is none. */
  static Optional<Times> time(KernelCase item, CpuFeatures cpu) {
    List<Contender> single = open(item, cpu, 1);
    List<Contender> twofold = open(item, cpu, 2);
    try {
      int best = 0;
      double least = Double.MAX_VALUE;
      for (int i = 0; i < single.size(); i++) {
        double median = median(calls(single.get(i), TRIALS));
        if (median < least) {
          least = median;
          best = i;
        }
      }
      return single.isEmpty()
          ? Optional.empty()
          : Optional.of(time(single.get(best), twofold.get(best)));
    } finally {
      Stream.concat(single.stream(), twofold.stream()).forEach(Contender::close);
    }
  }

  private static List<Contender> open(KernelCase item, CpuFeatures cpu, int threads) {
    return item.ours().stream().flatMap(own -> own.open(cpu, threads).stream()).toList();
  }

  private static Times time(Contender single, Contender twofold) {
    double[] one = new double[ROUNDS * CALLS];
    double[] two = new double[ROUNDS * CALLS];
    warmUp(single);
    warmUp(twofold);
    for (int round = 0; round < ROUNDS; round++) {
      calls(single, TRIALS);
      System.arraycopy(calls(single, CALLS), 0, one, round * CALLS, CALLS);
      calls(twofold, TRIALS);
      System.arraycopy(calls(twofold, CALLS), 0, two, round * CALLS, CALLS);
    }
    return new Times(single.name(), median(one), median(two));
  }

  private static void warmUp(Contender contender) {
    long end = System.nanoTime() + WARM_UP.toNanos();
    while (System.nanoTime() < end) {
      contender.run();
    }
  }

  private static double[] calls(Contender contender, int count) {
    double[] micros = new double[count];
    for (int i = 0; i < count; i++) {
      long start = System.nanoTime();
      contender.run();
      micros[i] = (System.nanoTime() - start) / 1e3;
    }
    return micros;
  }

  private static double median(double[] values) {
    double[] sorted = values.clone();
    Arrays.sort(sorted);
    return Percentiles.at(sorted, 0.5);
  }
}
