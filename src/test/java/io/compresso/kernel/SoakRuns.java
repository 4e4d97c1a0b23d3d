package io.compresso.kernel;

import io.compresso.kernel.jit.ExecutableMemory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.ToLongFunction;

/**
 * Holds random problems of every family to the reference, from 16 platform and 16 virtual threads
 * while garbage is collected, and watches code pages and memory. The process ends with 1 and the
 * reason when something is wrong. The heap must be of a fixed size, so that its growth is none.
 */
final class SoakRuns {
  private static final int THREADS = 32;
  private static final long OPERAND_BYTES = 4 << 20;
  private static final long COLLECTION_MILLIS = 200;
  private static final long MOST_CODE_GROWTH = 4 << 20;
  private static final long MOST_MEMORY_GROWTH = 64 << 20;

  private final long deadline;
  private final Map<KernelFamily, ChosenKernel> kernels = new EnumMap<>(KernelFamily.class);
  private final Map<KernelFamily, LongAdder> cases = new EnumMap<>(KernelFamily.class);
  private final AtomicReference<Throwable> failure = new AtomicReference<>();

  /** What there is after a collection. */
  private record Sample(long codeBytes, long memoryBytes) {}

  private SoakRuns(long seconds) {
    this.deadline = System.nanoTime() + seconds * 1_000_000_000L;
    for (KernelFamily family : KernelFamily.values()) {
      kernels.put(family, new ChosenKernel(family));
      cases.put(family, new LongAdder());
    }
  }

  public static void main(String[] arguments) throws Exception {
    new SoakRuns(Long.parseLong(arguments[0])).run();
    System.exit(0);
  }

  private void run() throws Exception {
    List<Thread> threads = new ArrayList<>();
    for (int i = 0; i < THREADS; i++) {
      long seed = i;
      Runnable work = () -> work(new Random(seed));
      threads.add(i % 2 == 0 ? Thread.ofPlatform().start(work) : Thread.ofVirtual().start(work));
    }
    List<Sample> samples = new ArrayList<>();
    while (goesOn()) {
      Thread.sleep(COLLECTION_MILLIS);
      System.gc();
      samples.add(new Sample(ExecutableMemory.liveBytes(), memory()));
    }
    for (Thread thread : threads) {
      thread.join();
    }
    if (failure.get() != null) {
      throw new AssertionError("after " + cases, failure.get());
    }
    report();
    long codeGrowth = growth(samples, Sample::codeBytes);
    long memoryGrowth = growth(samples, Sample::memoryBytes);
    System.out.printf(
        "%d collections; from the third to the last quarter code pages %+d kB, memory %+d kB%n",
        samples.size(), codeGrowth >> 10, memoryGrowth >> 10);
    if (codeGrowth > MOST_CODE_GROWTH || memoryGrowth > MOST_MEMORY_GROWTH) {
      throw new AssertionError("memory grows");
    }
  }

  private boolean goesOn() {
    return System.nanoTime() < deadline && failure.get() == null;
  }

  private void work(Random random) {
    try {
      LawMemory memory = LawMemory.amongOthers(OPERAND_BYTES);
      Map<KernelFamily, FamilyLaws.Law> laws = new EnumMap<>(KernelFamily.class);
      kernels.forEach((family, kernel) -> laws.put(family, FamilyLaws.of(kernel, memory)));
      KernelFamily[] families = KernelFamily.values();
      while (goesOn()) {
        KernelFamily family = families[random.nextInt(families.length)];
        laws.get(family).check(new Random(random.nextLong()));
        cases.get(family).increment();
        // A virtual thread leaves its carrier to the others only when it says so.
        Thread.yield();
      }
    } catch (Throwable thrown) {
      failure.compareAndSet(null, thrown);
    }
  }

  private void report() {
    System.out.printf(
        "%d cases on %s%n",
        cases.values().stream().mapToLong(LongAdder::sum).sum(),
        CpuFeatures.host().cap().map(Isa::toString).orElse("the best kernels"));
    kernels.forEach((family, kernel) -> {
      List<String> used =
          kernel.runs().entrySet().stream()
              .sorted(Map.Entry.comparingByKey())
              .map(entry -> entry.getKey() + " " + entry.getValue())
              .toList();
      System.out.printf(
          "  %-16s %6d cases, runs: %s%n",
          family.name().toLowerCase(Locale.ROOT), cases.get(family).sum(), String.join(", ", used));
      if (used.isEmpty()) {
        throw new AssertionError("no problem of " + family + " was run");
      }
    });
  }

  /** Median of the last quarter less median of the one before. */
  private static long growth(List<Sample> samples, ToLongFunction<Sample> part) {
    int quarter = samples.size() / 4;
    return median(samples.subList(samples.size() - quarter, samples.size()), part)
        - median(samples.subList(samples.size() - 2 * quarter, samples.size() - quarter), part);
  }

  private static long median(List<Sample> samples, ToLongFunction<Sample> part) {
    return samples.stream().mapToLong(part).sorted().skip(samples.size() / 2).findFirst().orElse(0);
  }

  /** Resident bytes that are no file's; 0 where the system does not tell. */
  private static long memory() throws Exception {
    Path status = Path.of("/proc/self/status");
    if (!Files.isReadable(status)) {
      return 0;
    }
    return Files.readAllLines(status).stream()
        .filter(line -> line.startsWith("RssAnon:"))
        .mapToLong(line -> Long.parseLong(line.replaceAll("[^0-9]", "")) << 10)
        .sum();
  }
}
