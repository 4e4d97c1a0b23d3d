package io.compresso.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import io.compresso.kernel.FamilyLaws.Sample;
import io.compresso.kernel.jit.CodeCache;
import io.compresso.kernel.jit.x86.X86WinogradConv;
import java.lang.foreign.Arena;
import java.lang.management.ManagementFactory;
import java.util.Arrays;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/**
 * How long it takes to make each kernel of machine code for a random problem, none of whose code is
 * there yet: what preparing and the first run take, less a second run, in processor time of the
 * thread, which other load does not lengthen. Weights come with the run, so that none are packed
 * before it, except where a kernel is made for constant weights only. Property {@code
 * making.count}: how many are made, after a quarter as many to warm up.
 */
class KernelMakingTest {
  private static final int MADE = Integer.getInteger("making.count", 1000);
  private static final long MOST_NANOS = 1_000_000;

  @TestFactory
  Stream<DynamicTest> making_takesUnderAMillisecond() {
    return KernelCatalog.all().stream()
        .filter(kernel -> kernel.spec().isa().isMachineCode())
        .filter(kernel -> CpuFeatures.host().supports(kernel.spec().isa()).accepted())
        .map(kernel -> DynamicTest.dynamicTest(kernel.spec().id(), () -> check(kernel)));
  }

  private static void check(Kernel kernel) {
    long[] code = new long[MADE];
    long[] all = new long[MADE];
    Random random = new Random(3);
    for (int i = -MADE / 4; i < MADE; i++) {
      try (Arena arena = Arena.ofShared()) {
        Sample sample = sample(kernel, random, arena);
        boolean batched = sample.problem() instanceof BatchGemmProblem;
        boolean packs =
            sample.problem() instanceof BlockGemmProblem || kernel instanceof X86WinogradConv;
        code[Math.max(i, 0)] = nanos(kernel, sample, packs, arena);
        all[Math.max(i, 0)] = nanos(kernel, sample, !batched, arena);
      }
    }
    Arrays.sort(code);
    Arrays.sort(all);
    System.out.printf(
        "making %-34s median %4d us, 99 %% %5d us; with constant weights packed %4d us%n",
        kernel.spec().id(),
        code[MADE / 2] / 1000,
        code[MADE * 99 / 100] / 1000,
        all[MADE / 2] / 1000);
    assertThat(code[MADE / 2]).isLessThan(MOST_NANOS);
  }

  /** A random problem that the kernel takes. */
  private static Sample sample(Kernel kernel, Random random, Arena arena) {
    while (true) {
      Sample sample = FamilyLaws.sample(kernel.spec().family(), random, arena);
      if (Math.min(sample.problem().inputBytes(), sample.problem().outputBytes()) > 0
          && kernel.accepts(sample.problem(), CpuFeatures.host()).accepted()) {
        return sample;
      }
    }
  }

  private static long nanos(Kernel kernel, Sample sample, boolean constant, Arena arena) {
    Problem problem = sample.problem();
    Weights weights = constant ? sample.weights() : sample.weights().withData(null);
    boolean comesWithTheRun = problem.secondBytes() > 0 && weights.data() == null;
    Operands operands =
        new Operands(
            arena.allocate(problem.inputBytes(), 64),
            comesWithTheRun ? arena.allocate(problem.secondBytes(), 64) : null,
            problem.thirdBytes() == 0 ? null : arena.allocate(problem.thirdBytes(), 64),
            arena.allocate(problem.outputBytes(), 64),
            0,
            1);
    CodeCache.clear();
    long start = cpuNanos();
    try (PreparedKernel prepared = kernel.prepare(problem, weights)) {
      prepared.run(operands, 1);
      long first = cpuNanos();
      prepared.run(operands, 1);
      return first - start - (cpuNanos() - first);
    }
  }

  private static long cpuNanos() {
    return ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime();
  }
}
