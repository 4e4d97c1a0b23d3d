package io.compresso.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.compresso.kernel.ElementLaws.Bound;
import io.compresso.kernel.ElementLaws.Case;
import io.compresso.kernel.ElementLaws.Trial;
import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

class BlockGemmLawTest {
  private static final int CASES = Integer.getInteger("compresso.laws.cases", 900);
  private static final int LEAST_CASES = 200;
  private static final int[] M = {0, 1, 1, 2, 3, 4, 5, 6, 7, 8, 9, 13, 14, 15, 17, 29, 65, 130};
  private static final int[] N = {0, 1, 7, 15, 16, 17, 31, 32, 33, 65, 101};
  private static final int[] K = {
    1, 2, 7, 15, 16, 17, 31, 32, 40, 64, 67, 256, 257, 300, 521, 1024
  };

  @TestFactory
  Stream<DynamicTest> blockGemm_equalsTheReference() {
    return KernelLaws.kernels(KernelFamily.BLOCK_GEMM).stream()
        .map(kernel ->
            DynamicTest.dynamicTest(
                kernel.spec().id(),
                () -> {
                  ElementLaws laws = new ElementLaws(kernel);
                  for (int seed = 0; seed < CASES; seed++) {
                    laws.check(product(new Random(seed)));
                  }
                  System.out.printf(
                      "law: %s holds in %d cases%n", kernel.spec().id(), laws.cases());
                  assertThat(laws.cases()).isGreaterThanOrEqualTo(LEAST_CASES);
                }));
  }

  static Trial product(Random random) {
    BlockGemmProblem problem =
        new BlockGemmProblem(
            M[random.nextInt(M.length)],
            N[random.nextInt(N.length)],
            K[random.nextInt(K.length)],
            random.nextBoolean() ? 4 : 8,
            16 << random.nextInt(5),
            random.nextBoolean());
    boolean exact = random.nextBoolean();
    Tensor input = values((long) problem.m() * problem.k(), exact, random);
    Tensor data = ElementLaws.random(DType.UINT8, problem.secondBytes(), false, random);
    Weights weights =
        Weights.of(data.segment())
            .withBias(problem.bias() ? values(problem.n(), exact, random).segment() : null)
            .withQuantization(quantization(problem, exact, random));
    double roundings = (problem.k() + 8) * 0x1p-24;
    double greatestWeight = 1 << problem.bits();
    return new Trial(
        Case.of(problem, input, DType.FLOAT).with(weights),
        exact ? Bound.EXACT : new Bound(roundings * problem.k() * greatestWeight, 0x1p-23, true));
  }

  /** Floats; integers if their products with integers and powers of two must have exact sums. */
  private static Tensor values(long count, boolean exact, Random random) {
    Tensor tensor = Tensor.allocate(DType.FLOAT, Shape.of(count));
    for (long i = 0; i < count; i++) {
      tensor.setFloat(i, exact ? random.nextInt(9) - 4 : random.nextFloat() * 2 - 1);
    }
    return tensor;
  }

  private static WeightQuantization quantization(
      BlockGemmProblem problem, boolean exact, Random random) {
    int channels = problem.outputChannels();
    float[] scales = new float[channels];
    int[] zeroPoints = new int[random.nextInt(3) == 0 ? 1 : channels];
    for (int i = 0; i < scales.length; i++) {
      scales[i] = exact ? 1f / (1 << random.nextInt(4)) : random.nextFloat();
    }
    for (int i = 0; i < zeroPoints.length; i++) {
      zeroPoints[i] = random.nextInt(1 << problem.bits());
    }
    return new WeightQuantization(zeroPoints, scales, 0);
  }

  @Test
  void blockGemm_isRefused_whenWeightsAreNotConstant() {
    for (Kernel kernel : KernelLaws.kernels(KernelFamily.BLOCK_GEMM)) {
      assertThatThrownBy(
              () -> kernel.prepare(new BlockGemmProblem(1, 1, 16, 4, 16, false), Weights.NONE))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("must be constant");
    }
  }

  @Test
  void blockGemm_isRefused_whenBitsOrBlocksAreOthers() {
    assertThatThrownBy(() -> new BlockGemmProblem(1, 1, 1, 2, 16, false))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("2 bits");
    assertThatThrownBy(() -> new BlockGemmProblem(1, 1, 1, 4, 48, false))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("blocks of 48");
  }
}
