package io.compresso.kernel.jit.x86;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.compresso.kernel.Activation;
import io.compresso.kernel.CpuFeatures;
import io.compresso.kernel.Epilogue;
import io.compresso.kernel.GemmProblem;
import io.compresso.kernel.Isa;
import io.compresso.kernel.KernelCatalog;
import io.compresso.kernel.OperandTypes;
import io.compresso.kernel.Operands;
import io.compresso.kernel.PreparedKernel;
import io.compresso.kernel.Weights;
import io.compresso.tensor.DType;
import java.lang.foreign.Arena;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestReporter;

/** How long it takes until a product of a new size can run: code, pages and the first call. */
class KernelMakingTest {
  private static final int MADE = 1000;
  private static final long MOST_NANOS = 1_000_000;

  @Test
  void making_takesUnderAMillisecond_forFloatsWithAnActivation(TestReporter reporter) {
    check(OperandTypes.FLOAT, Epilogue.NONE.withActivation(Activation.GELU), reporter);
  }

  @Test
  void making_takesUnderAMillisecond_forBytes(TestReporter reporter) {
    check(new OperandTypes(DType.UINT8, DType.INT8, DType.UINT8), Epilogue.NONE, reporter);
  }

  private static void check(OperandTypes types, Epilogue epilogue, TestReporter reporter) {
    assumeTrue(CpuFeatures.host().supports(Isa.AVX2).accepted());
    long[] nanos = new long[MADE];
    for (int i = -MADE / 2; i < MADE; i++) {
      // No two have the same width, so that no code is shared.
      GemmProblem problem =
          GemmProblem.ofFloat(20, 64 + MADE + i, 8).withTypes(types).withEpilogue(epilogue);
      try (Arena arena = Arena.ofShared()) {
        Operands operands =
            Operands.of(
                arena.allocate(problem.inputBytes()),
                arena.allocate(problem.weightBytes()),
                arena.allocate(problem.outputBytes()));
        long start = System.nanoTime();
        try (PreparedKernel kernel = KernelCatalog.prepare(problem, Weights.NONE)) {
          kernel.run(operands, 1);
        }
        nanos[Math.max(i, 0)] = System.nanoTime() - start;
      }
    }
    Arrays.sort(nanos);
    reporter.publishEntry("median of making a kernel of " + types, nanos[MADE / 2] / 1000 + " us");
    assertThat(nanos[MADE / 2]).isLessThan(MOST_NANOS);
  }
}
