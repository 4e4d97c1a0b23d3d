package io.compresso.kernel;

import static io.compresso.kernel.ElementLaws.oneOf;
import static io.compresso.kernel.ElementLaws.random;
import static io.compresso.kernel.ElementLaws.size;
import static org.assertj.core.api.Assertions.assertThat;

import io.compresso.kernel.ElementLaws.Bound;
import io.compresso.kernel.ElementLaws.Case;
import io.compresso.kernel.ElementLaws.RunQuantization;
import io.compresso.kernel.ElementLaws.Trial;
import io.compresso.kernel.QuantizedBinaryProblem.Scale;
import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import java.util.Random;
import java.util.function.Function;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/** The laws of the families that work element by element. */
class ElementLawTest {
  private static final int CASES = 700;

  static Stream<DynamicTest> laws(KernelFamily family, Function<Random, Trial> trials) {
    return KernelLaws.kernels(family).stream()
        .map(kernel ->
            DynamicTest.dynamicTest(
                kernel.spec().id(),
                () -> {
                  ElementLaws laws = new ElementLaws(kernel);
                  for (int seed = 0; seed < CASES; seed++) {
                    laws.check(trials.apply(new Random(seed)));
                  }
                  assertThat(laws.cases()).isGreaterThanOrEqualTo(200);
                }));
  }

  @TestFactory
  Stream<DynamicTest> unary_equalsTheReference() {
    return laws(KernelFamily.UNARY, ElementLawTest::unary);
  }

  static Trial unary(Random random) {
    UnaryFunction function = oneOf(random, UnaryFunction.values());
    DType type = oneOf(random, DType.FLOAT, DType.FLOAT, DType.FLOAT16, DType.BFLOAT16);
    float alpha = random.nextFloat() * 2 - (function == UnaryFunction.CLIP ? 2 : 0);
    UnaryProblem problem =
        new UnaryProblem(function, type, size(random), alpha, random.nextFloat());
    return new Trial(
        Case.of(problem, random(type, problem.count(), random.nextInt(3) == 0, random), type)
            .inPlace(random.nextBoolean()),
        bound(function));
  }

  private static Bound bound(UnaryFunction function) {
    return switch (function) {
      case RELU, CLIP, ABS, NEG, FLOOR, CEIL, ROUND, SQRT, RECIPROCAL -> Bound.EXACT;
      case LEAKY_RELU -> Bound.ulps(1);
      // The terms may cancel; what is left is as exact as they are.
      case AFFINE, HARD_SIGMOID -> new Bound(0x1p-22, 0x1p-22, true);
      case SIGMOID, TANH, ERF, SOFTSIGN, EXP -> new Bound(0x1p-24, 0x1p-20, false);
      case ELU, GELU, GELU_TANH, SWISH, HARD_SWISH -> new Bound(0x1p-20, 0x1p-20, false);
      case LOG, SOFTPLUS, MISH -> new Bound(0x1p-22, 0x1p-20, false);
    };
  }

  @TestFactory
  Stream<DynamicTest> binary_equalsTheReference() {
    return laws(KernelFamily.BINARY, ElementLawTest::binary);
  }

  static Trial binary(Random random) {
    BinaryFunction function = oneOf(random, BinaryFunction.values());
    DType type =
        oneOf(
            random,
            DType.FLOAT,
            DType.FLOAT,
            DType.FLOAT16,
            DType.BFLOAT16,
            DType.INT32,
            DType.INT64,
            DType.INT64);
    Broadcast broadcast = broadcast(random);
    BinaryProblem problem = new BinaryProblem(function, type, broadcast);
    boolean extreme = random.nextInt(3) == 0;
    return new Trial(
        Case.of(problem, random(type, broadcast.leftCount(), extreme, random), problem.outputType())
            .withSecond(random(type, broadcast.rightCount(), extreme, random))
            .inPlace(broadcast.leftCount() == broadcast.count() && !function.isComparison()),
        function == BinaryFunction.POW ? Bound.ulps(16) : Bound.EXACT);
  }

  private static Broadcast broadcast(Random random) {
    int rank = random.nextInt(5);
    long[] left = new long[rank];
    long[] right = new long[rank];
    for (int i = 0; i < rank; i++) {
      int size = i == rank - 1 ? size(random) : 1 + random.nextInt(rank > 3 ? 3 : 5);
      left[i] = random.nextInt(4) == 0 ? 1 : size;
      right[i] = random.nextInt(4) == 0 ? 1 : size;
    }
    return Broadcast.of(Shape.of(left), Shape.of(right));
  }

  @TestFactory
  Stream<DynamicTest> quantizedBinary_equalsTheReference() {
    return laws(KernelFamily.QUANTIZED_BINARY, ElementLawTest::quantizedBinary);
  }

  static Trial quantizedBinary(Random random) {
    DType type = oneOf(random, DType.UINT8, DType.INT8);
    Broadcast broadcast = broadcast(random);
    QuantizedBinaryProblem problem =
        new QuantizedBinaryProblem(
            oneOf(random, QuantizedBinaryProblem.Function.values()),
            type,
            broadcast,
            scale(type, random),
            scale(type, random),
            scale(type, random));
    boolean extreme = random.nextInt(3) == 0;
    return new Trial(
        Case.of(problem, random(type, broadcast.leftCount(), extreme, random), type)
            .withSecond(random(type, broadcast.rightCount(), extreme, random))
            .inPlace(broadcast.leftCount() == broadcast.count()),
        Bound.EXACT);
  }

  private static Scale scale(DType type, Random random) {
    float scale =
        oneOf(
            random,
            1f,
            0.5f,
            random.nextFloat() + 0.01f,
            (float) Math.exp(random.nextGaussian() * 5));
    return new Scale(scale, (int) (random.nextInt(256) + type.minValue()));
  }

  @TestFactory
  Stream<DynamicTest> conversion_equalsTheReference() {
    return laws(KernelFamily.CONVERT, ElementLawTest::conversion);
  }

  static Trial conversion(Random random) {
    DType[] from = {
      DType.FLOAT,
      DType.FLOAT,
      DType.FLOAT16,
      DType.BFLOAT16,
      DType.UINT8,
      DType.INT8,
      DType.UINT16,
      DType.INT16,
      DType.INT32
    };
    DType[] to = {
      DType.FLOAT, DType.FLOAT16, DType.BFLOAT16, DType.UINT8, DType.INT8, DType.UINT16, DType.INT16
    };
    int channels = random.nextInt(3) == 0 ? 1 : size(random);
    long inner = random.nextInt(3) == 0 ? 1 : size(random) % 70;
    ConvertProblem problem =
        new ConvertProblem(
            oneOf(random, from), oneOf(random, to), random.nextInt(4), channels, inner);
    DType zeroType = problem.from().isFloat() ? problem.to() : problem.from();
    int[] zeroPoints = new int[random.nextBoolean() ? 1 : channels];
    float[] scales = new float[random.nextBoolean() ? 1 : channels];
    for (int i = 0; i < zeroPoints.length; i++) {
      zeroPoints[i] =
          zeroType.isFloat() || zeroType.bits() > 16
              ? 0
              : (int) (random.nextInt(1 << zeroType.bits()) + zeroType.minValue());
    }
    for (int i = 0; i < scales.length; i++) {
      scales[i] = oneOf(random, 1f, 0.25f, random.nextFloat() * 0.1f + 1e-6f, 1e-30f);
    }
    int zero = problem.to().isFloat() ? 0 : (int) (random.nextInt(256) + problem.to().minValue());
    return new Trial(
        Case.of(
                problem,
                random(problem.from(), problem.count(), random.nextInt(3) == 0, random),
                problem.to())
            .with(Weights.NONE.withQuantization(new WeightQuantization(zeroPoints, scales, zero)))
            .with(
                random.nextInt(4) == 0
                    ? new RunQuantization(random.nextInt(9) - 4, random.nextFloat() + 0.1f)
                    : new RunQuantization(0, 1))
            .inPlace(problem.from().bits() == problem.to().bits()),
        Bound.EXACT);
  }

  @TestFactory
  Stream<DynamicTest> lookup_equalsTheReference() {
    return laws(KernelFamily.LOOKUP, ElementLawTest::lookup);
  }

  static Trial lookup(Random random) {
    LookupProblem problem = new LookupProblem(size(random));
    return new Trial(
        Case.of(problem, random(DType.UINT8, problem.count(), false, random), DType.UINT8)
            .withSecond(random(DType.UINT8, LookupProblem.TABLE_BYTES, false, random))
            .inPlace(random.nextBoolean()),
        Bound.EXACT);
  }
}
