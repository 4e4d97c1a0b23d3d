package io.compresso.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import io.compresso.kernel.ConvProblem.Layout;
import io.compresso.tensor.DType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import org.junit.jupiter.api.Test;

class PoolKernelTest {
  /** As many taps as elements, but apart: they span more than the input. */
  private static final SpatialAxis TOO_WIDE = new SpatialAxis(2, 2, 2, 2, 0, 0);

  @Test
  void pool_writesNothing_whenTheDilatedWindowIsLargerThanTheInput() {
    for (PoolProblem.Kind kind : PoolProblem.Kind.values()) {
      for (Layout layout : Layout.values()) {
        PoolProblem problem = new PoolProblem(kind, DType.FLOAT, layout, 1, 2, List.of(TOO_WIDE));
        assertThat(problem.outputBytes()).isZero();
        for (Kernel kernel : KernelLaws.kernels(KernelFamily.POOL)) {
          if (kernel.accepts(problem, CpuFeatures.host()).accepted()) {
            run(kernel, problem);
          }
        }
      }
    }
  }

  private static void run(Kernel kernel, PoolProblem problem) {
    try (Arena arena = Arena.ofShared();
        PreparedKernel prepared = kernel.prepare(problem, Weights.NONE)) {
      MemorySegment memory = arena.allocate(64, 64).fill((byte) 0x5A);
      prepared.run(Operands.of(arena.allocate(problem.inputBytes(), 64), memory.asSlice(0, 0)), 1);
      assertThat(memory.toArray(ValueLayout.JAVA_BYTE)).as(kernel.spec().id()).containsOnly(0x5A);
    }
  }
}
