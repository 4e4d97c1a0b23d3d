package io.compresso.kernel;

import io.compresso.kernel.ConvProblem.Channels;
import io.compresso.kernel.ConvProblem.Layout;
import io.compresso.kernel.jit.ExecutableMemory;
import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;

/**
 * Prepares and runs random problems from 16 platform and 16 virtual threads while garbage is
 * collected, checks every result against the reference, and watches code pages and memory. The
 * process ends with 1 and the reason when something is wrong.
 */
final class SoakRuns {
  private static final int THREADS = 32;
  private static final long MOST_CODE_GROWTH = 4 << 20;
  private static final long MOST_MEMORY_GROWTH = 96 << 20;

  private final long deadline;
  private final AtomicLong runs = new AtomicLong();
  private final AtomicReference<Throwable> failure = new AtomicReference<>();

  private SoakRuns(long seconds) {
    this.deadline = System.nanoTime() + seconds * 1_000_000_000L;
  }

  public static void main(String[] arguments) throws Exception {
    long seconds = Long.parseLong(arguments[0]);
    new SoakRuns(seconds).run(seconds);
    System.exit(0);
  }

  private void run(long seconds) throws Exception {
    List<Thread> threads = new ArrayList<>();
    for (int i = 0; i < THREADS; i++) {
      long seed = i;
      Runnable work = () -> work(new SplittableRandom(seed));
      threads.add(i % 2 == 0 ? Thread.ofPlatform().start(work) : Thread.ofVirtual().start(work));
    }
    Thread.sleep(seconds * 500);
    System.gc();
    long code = ExecutableMemory.liveBytes();
    long memory = memory();
    while (goesOn()) {
      Thread.sleep(200);
      System.gc();
    }
    for (Thread thread : threads) {
      thread.join();
    }
    System.gc();
    if (failure.get() != null) {
      throw new AssertionError("after " + runs + " runs", failure.get());
    }
    long codeGrowth = ExecutableMemory.liveBytes() - code;
    long memoryGrowth = memory() - memory;
    System.out.printf(
        "%d runs, code pages %+d kB, memory %+d kB%n",
        runs.get(), codeGrowth >> 10, memoryGrowth >> 10);
    if (codeGrowth > MOST_CODE_GROWTH || memoryGrowth > MOST_MEMORY_GROWTH) {
      throw new AssertionError("memory grows");
    }
  }

  private boolean goesOn() {
    return System.nanoTime() < deadline && failure.get() == null;
  }

  private void work(SplittableRandom random) {
    try {
      while (goesOn()) {
        check(problem(random), random);
        runs.incrementAndGet();
      }
    } catch (Throwable thrown) {
      failure.compareAndSet(null, thrown);
    }
  }

  private static ProductProblem problem(SplittableRandom random) {
    OperandTypes types =
        random.nextBoolean()
            ? OperandTypes.FLOAT
            : new OperandTypes(
                random.nextBoolean() ? DType.UINT8 : DType.INT8,
                DType.INT8,
                random.nextBoolean() ? DType.UINT8 : DType.INT32);
    if (random.nextBoolean()) {
      return GemmProblem.ofFloat(
              1 + random.nextInt(70), 1 + random.nextInt(70), 1 + random.nextInt(70))
          .withTypes(types);
    }
    int kernel = random.nextBoolean() ? 1 : 3;
    SpatialAxis axis =
        new SpatialAxis(
            3 + random.nextInt(12), kernel, 1 + random.nextInt(2), 1, kernel / 2, kernel / 2);
    int in = 1 + random.nextInt(16);
    Channels channels =
        random.nextInt(3) == 0
            ? new Channels(in, in, in)
            : new Channels(in, 1 + random.nextInt(24), 1);
    Layout layout = random.nextBoolean() ? Layout.NCHW : Layout.NHWC;
    return new ConvProblem(types, layout, 1, channels, List.of(axis, axis), Epilogue.NONE);
  }

  private static void check(ProductProblem problem, SplittableRandom random) {
    try (Arena arena = Arena.ofShared()) {
      MemorySegment input = fill(arena, problem.types().input(), problem.inputBytes(), random);
      MemorySegment data = fill(arena, problem.types().weight(), problem.weightBytes(), random);
      WeightQuantization quantization =
          problem.types().isInt8()
              ? new WeightQuantization(new int[] {0}, new float[] {0.002f}, 7)
              : WeightQuantization.NONE;
      Weights weights = Weights.of(data).withQuantization(quantization);
      Tensor expected = run(problem, weights, input, CpuFeatures.host(Isa.REF), arena, 1);
      Tensor actual =
          run(problem, weights, input, CpuFeatures.host(), arena, 1 + random.nextInt(4));
      double bound = problem.types().isInt8() ? 0 : 1e-6 * problem.macs() / expected.size();
      for (long i = 0; i < expected.size(); i++) {
        if (!(Math.abs(expected.getDouble(i) - actual.getDouble(i))
            <= bound + 1e-6 * (bound > 0 ? 1 : 0))) {
          throw new AssertionError(
              "%s: element %d is %s, not %s"
                  .formatted(problem, i, actual.getDouble(i), expected.getDouble(i)));
        }
      }
    }
  }

  private static Tensor run(
      ProductProblem problem,
      Weights weights,
      MemorySegment input,
      CpuFeatures cpu,
      Arena arena,
      int threads) {
    MemorySegment output = arena.allocate(problem.outputBytes(), 64);
    try (PreparedKernel kernel = KernelCatalog.prepare(problem, weights, cpu)) {
      kernel.run(Operands.of(input, output).withInputQuantization(3, 1), threads);
    }
    DType type = problem.types().output();
    return Tensor.wrap(type, Shape.of(problem.outputBytes() * 8 / type.bits()), output);
  }

  private static MemorySegment fill(Arena arena, DType type, long bytes, SplittableRandom random) {
    MemorySegment segment = arena.allocate(bytes, 64);
    Tensor tensor = Tensor.wrap(type, Shape.of(bytes * 8 / type.bits()), segment);
    for (long i = 0; i < tensor.size(); i++) {
      if (type == DType.FLOAT) {
        tensor.setFloat(i, (float) random.nextDouble() - 0.5f);
      } else {
        tensor.setLong(i, random.nextInt(256));
      }
    }
    return segment;
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
