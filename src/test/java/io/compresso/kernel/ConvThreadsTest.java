package io.compresso.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import io.compresso.kernel.ConvProblem.Channels;
import io.compresso.kernel.ConvProblem.Layout;
import io.compresso.tensor.DType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Convolutions that are large enough to be shared by threads. */
class ConvThreadsTest {
  private static final int RUNS = 60;

  @ParameterizedTest
  @CsvSource({
    // type, images, channels in and out, size, kernel, stride
    "FLOAT, 1, 3, 64, 224, 7, 2",
    "FLOAT, 1, 20, 256, 30, 3, 2",
    "FLOAT, 1, 128, 512, 14, 3, 2",
    "FLOAT, 1, 64, 512, 28, 1, 2",
    "FLOAT, 2, 96, 256, 15, 3, 1",
    "FLOAT, 1, 64, 64, 56, 3, 1",
    "FLOAT16, 1, 1024, 512, 14, 1, 1",
    "FLOAT16, 2, 200, 512, 14, 1, 1",
    "FLOAT16, 1, 256, 512, 14, 3, 2",
    "FLOAT16, 1, 512, 512, 14, 1, 2"
  })
  void run_givesTheSameBits_onEachNumberOfThreads(
      DType type, int images, int in, int out, int size, int kernel, int stride) {
    SpatialAxis axis = new SpatialAxis(size, kernel, stride, 1, kernel / 2, kernel / 2);
    ConvProblem problem =
        new ConvProblem(
            OperandTypes.all(type),
            Layout.NHWC,
            images,
            new Channels(in, out, 1),
            List.of(axis, axis),
            Epilogue.NONE);
    try (Arena arena = Arena.ofShared();
        PreparedKernel prepared =
            KernelCatalog.prepare(
                problem,
                Weights.of(random(arena, type, problem.weightBytes(), 1)),
                CpuFeatures.host())) {
      MemorySegment input = random(arena, type, problem.inputBytes(), 2);
      MemorySegment alone = arena.allocate(problem.outputBytes(), 64);
      MemorySegment shared = arena.allocate(problem.outputBytes(), 64);
      prepared.run(Operands.of(input, alone), 1);
      Runnable run = prepared.bind(Operands.of(input, shared), Workers.shared().size());
      for (int i = 0; i < RUNS; i++) {
        shared.fill((byte) 0);
        run.run();
        assertThat(shared.mismatch(alone)).as("run %d", i).isEqualTo(-1);
      }
    }
  }

  private static MemorySegment random(Arena arena, DType type, long bytes, long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    MemorySegment segment = arena.allocate(bytes, 64);
    for (long i = 0; i < 8 * bytes / type.bits(); i++) {
      float value = (float) random.nextDouble(-1, 1);
      if (type == DType.FLOAT) {
        segment.setAtIndex(ValueLayout.JAVA_FLOAT, i, value);
      } else {
        segment.setAtIndex(ValueLayout.JAVA_SHORT, i, Float.floatToFloat16(value));
      }
    }
    return segment;
  }
}
