package io.compresso.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import io.compresso.kernel.GemmProblem.Transpose;
import io.compresso.tensor.DType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Runs that bring their quantization give what runs give whose operands have it. */
class QuantizedRunTest {
  private static final int[] ZERO_POINTS = {0, 3, 128, 255, 0};
  private static final float[] SCALES = {1, 0.25f, 0.0371f, 1e-3f, 2.5f};

  private record Case(Problem problem, Weights weights) {
    @Override
    public String toString() {
      return problem.toString();
    }
  }

  static Stream<Case> cases() {
    List<Case> cases = new ArrayList<>();
    for (DType weights : List.of(DType.INT8, DType.UINT8)) {
      for (int m : new int[] {1, 7, 40}) {
        GemmProblem problem =
            new GemmProblem(
                new OperandTypes(DType.UINT8, weights, DType.FLOAT),
                m,
                33,
                70,
                Transpose.NONE,
                Epilogue.NONE);
        cases.add(
            new Case(
                problem,
                Weights.of(random(problem.weightBytes(), false))
                    .withQuantization(
                        new WeightQuantization(
                            new int[] {weights == DType.UINT8 ? 131 : 2}, new float[] {0.5f}, 0))));
      }
    }
    cases.add(new Case(ConvertProblem.of(DType.FLOAT, DType.UINT8, 1001), Weights.NONE));
    cases.add(new Case(ConvertProblem.of(DType.FLOAT, DType.UINT8, 0), Weights.NONE));
    cases.add(new Case(ConvertProblem.of(DType.UINT8, DType.FLOAT, 1001), Weights.NONE));
    return cases.stream();
  }

  private static MemorySegment random(long bytes, boolean floats) {
    SplittableRandom random = new SplittableRandom(bytes);
    MemorySegment segment = Arena.ofAuto().allocate(bytes, 64);
    for (long at = 0; at < bytes; at += floats ? 4 : 1) {
      if (floats) {
        segment.set(ValueLayout.JAVA_FLOAT, at, (float) (random.nextDouble() * 2 - 1));
      } else {
        segment.set(ValueLayout.JAVA_BYTE, at, (byte) random.nextInt());
      }
    }
    return segment;
  }

  @ParameterizedTest
  @MethodSource("cases")
  void boundQuantized_givesTheSame_asOperandsWithThatQuantization(Case tested) {
    boolean floats =
        tested.problem instanceof ConvertProblem(var from, _, _, _, _) && from.isFloat();
    MemorySegment input = random(tested.problem.inputBytes(), floats);
    MemorySegment actual = Arena.ofAuto().allocate(tested.problem.outputBytes(), 64);
    MemorySegment expected = Arena.ofAuto().allocate(tested.problem.outputBytes(), 64);
    try (PreparedKernel kernel = KernelCatalog.prepare(tested.problem, tested.weights)) {
      PreparedKernel.QuantizedRun run = kernel.bindQuantized(Operands.of(input, actual), 2);
      for (int i = 0; i < ZERO_POINTS.length; i++) {
        run.run(ZERO_POINTS[i], SCALES[i]);
        kernel.run(
            Operands.of(input, expected).withInputQuantization(ZERO_POINTS[i], SCALES[i]), 2);
        assertThat(actual.mismatch(expected)).as("zero point %d", ZERO_POINTS[i]).isEqualTo(-1);
      }
    }
  }
}
