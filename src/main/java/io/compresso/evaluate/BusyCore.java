package io.compresso.evaluate;

import io.compresso.evaluate.bench.Contender;
import io.compresso.evaluate.bench.KernelCase;
import io.compresso.kernel.CpuFeatures;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.DoubleStream;
import java.util.stream.Stream;

/** Times a case on one thread and on two, in short turns, when both are warm. */
final class BusyCore {
  private static final int ROUNDS = 25;
  private static final int CALLS = 20;
  private static final int UNTIMED_CALLS = 3;
  private static final int TRIALS = 20;

  /** Calls are warm when a block of them is this much of the best block before, or slower. */
  private static final double SETTLED = 0.97;

  private static final Duration BLOCK = Duration.ofMillis(50);
  private static final int LEAST_BLOCKS = 3;
  private static final int MOST_BLOCKS = 15;

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
    warmUp(single, twofold);
    for (int round = 0; round < ROUNDS; round++) {
      calls(single, UNTIMED_CALLS);
      System.arraycopy(calls(single, CALLS), 0, one, round * CALLS, CALLS);
      calls(twofold, UNTIMED_CALLS);
      System.arraycopy(calls(twofold, CALLS), 0, two, round * CALLS, CALLS);
    }
    return new Times(single.name(), median(one), median(two));
  }

  /** Runs both until neither gets faster: compilers share the cores with the busy process too. */
  private static void warmUp(Contender single, Contender twofold) {
    double one = Double.MAX_VALUE;
    double two = Double.MAX_VALUE;
    for (int block = 0; block < MOST_BLOCKS; block++) {
      double nextOne = block(single);
      double nextTwo = block(twofold);
      boolean settled = nextOne >= SETTLED * one && nextTwo >= SETTLED * two;
      if (settled && block >= LEAST_BLOCKS) {
        return;
      }
      one = Math.min(one, nextOne);
      two = Math.min(two, nextTwo);
    }
  }

  /** The median of a block of calls in microseconds. */
  private static double block(Contender contender) {
    long end = System.nanoTime() + BLOCK.toNanos();
    DoubleStream.Builder medians = DoubleStream.builder();
    do {
      medians.add(median(calls(contender, CALLS)));
    } while (System.nanoTime() < end);
    return median(medians.build().toArray());
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
