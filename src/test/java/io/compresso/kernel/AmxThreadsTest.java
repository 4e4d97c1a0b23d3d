package io.compresso.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import io.compresso.kernel.ConvProblem.Channels;
import io.compresso.kernel.ConvProblem.Layout;
import io.compresso.kernel.jit.x86.AmxKernels;
import io.compresso.tensor.DType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Problems in emulated tiles that are large enough to be shared by threads. */
class AmxThreadsTest {
  private static final int RUNS = 5;
  private static final int CALLERS = 4;

  @BeforeEach
  void needsAvx512() {
    AmxKernels.assumeEmulation();
  }

  static Stream<ProductProblem> problems() {
    OperandTypes integers = new OperandTypes(DType.UINT8, DType.INT8, DType.INT32);
    OperandTypes bfloats = new OperandTypes(DType.BFLOAT16, DType.BFLOAT16, DType.FLOAT);
    return Stream.of(
        GemmProblem.ofFloat(300, 200, 260).withTypes(integers),
        GemmProblem.ofFloat(64, 1000, 128).withTypes(integers),
        GemmProblem.ofFloat(300, 200, 260).withTypes(bfloats),
        GemmProblem.ofFloat(300, 200, 260).withTypes(OperandTypes.all(DType.FLOAT16)),
        conv(integers, 1, 64, 96, 40, 3, 1),
        conv(integers, 2, 32, 64, 57, 3, 2),
        conv(integers, 1, 64, 256, 28, 1, 1));
  }

  private static ConvProblem conv(
      OperandTypes types, int images, int in, int out, int size, int kernel, int stride) {
    SpatialAxis axis = new SpatialAxis(size, kernel, stride, 1, kernel / 2, kernel / 2);
    return new ConvProblem(
        types, Layout.NHWC, images, new Channels(in, out, 1), List.of(axis, axis), Epilogue.NONE);
  }

  private static Kernel kernel(ProductProblem problem) {
    return Stream.concat(AmxKernels.products().stream(), AmxKernels.convolutions().stream())
        .filter(kernel -> kernel.accepts(problem, CpuFeatures.host()).accepted())
        .findFirst()
        .orElseThrow();
  }

  /** Small whole numbers, whose sums are the same in any order. */
  private static MemorySegment wholeNumbers(Arena arena, DType type, long bytes, long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    MemorySegment segment = arena.allocate(bytes, 64);
    for (long i = 0; i < bytes * 8 / type.bits(); i++) {
      int value = random.nextInt(16);
      switch (type) {
        case BFLOAT16 ->
            segment.setAtIndex(
                ValueLayout.JAVA_SHORT, i, (short) (Float.floatToRawIntBits(value) >> 16));
        case FLOAT16 -> segment.setAtIndex(ValueLayout.JAVA_SHORT, i, Float.floatToFloat16(value));
        default -> segment.set(ValueLayout.JAVA_BYTE, i, (byte) (value * 8));
      }
    }
    return segment;
  }

  @ParameterizedTest
  @MethodSource("problems")
  void run_givesTheReferencesBits_onManyThreadsAndBoundAndFromManyCallers(ProductProblem problem)
      throws Exception {
    Kernel reference = KernelCatalog.of(problem.family()).getLast();
    try (Arena arena = Arena.ofShared()) {
      MemorySegment input = wholeNumbers(arena, problem.types().input(), problem.inputBytes(), 1);
      Weights weights =
          Weights.of(wholeNumbers(arena, problem.types().weight(), problem.weightBytes(), 2));
      MemorySegment expected = arena.allocate(problem.outputBytes(), 64);
      try (PreparedKernel truth = reference.prepare(problem, weights)) {
        truth.run(Operands.of(input, expected));
      }
      try (PreparedKernel kernel = kernel(problem).prepare(problem, weights);
          ExecutorService callers = Executors.newVirtualThreadPerTaskExecutor()) {
        List<Callable<Long>> calls = new ArrayList<>();
        for (int caller = 0; caller < CALLERS; caller++) {
          int threads = 1 + caller;
          MemorySegment output = arena.allocate(problem.outputBytes(), 64);
          calls.add(() -> firstDifference(kernel, Operands.of(input, output), threads, expected));
        }
        for (Future<Long> call : callers.invokeAll(calls)) {
          assertThat(call.get()).as("first other byte").isEqualTo(-1);
        }
      }
    }
  }

  private static long firstDifference(
      PreparedKernel kernel, Operands operands, int threads, MemorySegment expected) {
    Runnable bound = kernel.bind(operands, threads);
    MemorySegment output = operands.output();
    for (int i = 0; i < RUNS; i++) {
      output.fill((byte) 0x5A);
      if (i % 2 == 0) {
        kernel.run(operands, threads);
      } else {
        bound.run();
      }
      long difference = output.mismatch(expected);
      if (difference >= 0) {
        return difference;
      }
    }
    return -1;
  }
}
