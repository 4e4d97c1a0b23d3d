package io.compresso.kernel;

import io.compresso.kernel.jit.ExecutableMemory;
import io.compresso.kernel.jit.x86.PeakCode;
import io.compresso.tensor.DType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.concurrent.ConcurrentHashMap;

/**
 * What one core of this machine can do at most, measured once by loops of machine code that do
 * nothing else. Empty where no machine code is made.
 */
public final class CorePeak {
  private static final long WARM_ROUNDS = 200_000;
  private static final int REPETITIONS = 30;
  private static final long LEAST_READ = 1 << 20;

  private static final Map<DType, OptionalDouble> ARITHMETIC = new ConcurrentHashMap<>();
  private static final Map<Long, OptionalDouble> READING = new ConcurrentHashMap<>();

  private CorePeak() {}

  /** Multiply-adds a second on registers alone, for factors of the given type. */
  public static OptionalDouble macsPerSecond(DType factors) {
    return ARITHMETIC.computeIfAbsent(factors, CorePeak::measureArithmetic);
  }

  /** Bytes a second that are read from a buffer of the given size, read over and over. */
  public static OptionalDouble readBytesPerSecond(long bytes) {
    return READING.computeIfAbsent(Long.highestOneBit(Math.max(1, bytes)), CorePeak::measureRead);
  }

  private static boolean possible() {
    return CpuFeatures.host().withoutCap().supports(Isa.AVX2).accepted()
        && ExecutableMemory.allowed().accepted();
  }

  private static OptionalDouble measureArithmetic(DType factors) {
    if (!possible()) {
      return OptionalDouble.empty();
    }
    PeakCode code = PeakCode.arithmetic(factors, CpuFeatures.host().withoutCap());
    double seconds = leastSeconds(() -> code.run(MemorySegment.NULL, WARM_ROUNDS));
    return OptionalDouble.of(code.macsPerRound() * WARM_ROUNDS / seconds);
  }

  private static OptionalDouble measureRead(long bytes) {
    if (!possible()) {
      return OptionalDouble.empty();
    }
    PeakCode code = PeakCode.reading(CpuFeatures.host().withoutCap());
    long rounds = Math.max(1, bytes / code.bytesPerRound());
    long size = rounds * code.bytesPerRound();
    long repeats = Math.max(1, LEAST_READ / size);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment source = arena.allocate(size, 64).fill((byte) 1);
      double seconds =
          leastSeconds(() -> {
            for (long i = 0; i < repeats; i++) {
              code.run(source, rounds);
            }
          });
      return OptionalDouble.of(size * repeats / seconds);
    }
  }

  private static double leastSeconds(Runnable work) {
    long least = Long.MAX_VALUE;
    for (int i = 0; i < REPETITIONS; i++) {
      long start = System.nanoTime();
      work.run();
      least = Math.min(least, System.nanoTime() - start);
    }
    return Math.max(1, least) / 1e9;
  }
}
