package io.compresso.kernel;

import static io.compresso.kernel.ElementLaws.oneOf;
import static io.compresso.kernel.ElementLaws.random;
import static io.compresso.kernel.ElementLaws.size;

import io.compresso.kernel.ConvProblem.Layout;
import io.compresso.kernel.ElementLaws.Bound;
import io.compresso.kernel.ElementLaws.Case;
import io.compresso.kernel.ElementLaws.Trial;
import io.compresso.kernel.NormProblem.Kind;
import io.compresso.kernel.NormProblem.Terms;
import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/** The laws of the families that work row by row. */
class RowLawTest {
  private static DType floatType(Random random) {
    return oneOf(random, DType.FLOAT, DType.FLOAT, DType.FLOAT16, DType.BFLOAT16);
  }

  @TestFactory
  Stream<DynamicTest> softmax_equalsTheReference() {
    return ElementLawTest.laws(KernelFamily.SOFTMAX, RowLawTest::softmax);
  }

  static Trial softmax(Random random) {
    DType type = floatType(random);
    int inner = random.nextInt(3) == 0 ? 1 + random.nextInt(20) : 1;
    boolean log = random.nextInt(3) == 0;
    boolean isLong = random.nextInt(40) == 0;
    int rows = isLong ? 1 : random.nextInt(5);
    SoftmaxProblem problem =
        new SoftmaxProblem(type, rows, isLong ? 10_007 : size(random), inner, log);
    long count = problem.rows() * problem.length() * problem.inner();
    return new Trial(
        Case.of(problem, random(type, count, random.nextInt(3) == 0, random), type)
            .inPlace(random.nextBoolean()),
        log ? new Bound(0x1p-22, 0x1p-20, true) : new Bound(0x1p-30, 0x1p-19, false));
  }

  @TestFactory
  Stream<DynamicTest> cell_equalsTheReference() {
    return ElementLawTest.laws(KernelFamily.CELL, RowLawTest::cell);
  }

  static Trial cell(Random random) {
    CellProblem.Kind kind = oneOf(random, CellProblem.Kind.values());
    int rows = random.nextInt(4);
    int columns = 1 + size(random) % 131;
    int first = random.nextInt(3) * random.nextInt(20);
    int width = first + columns + random.nextInt(2) * random.nextInt(20);
    boolean bounded = random.nextBoolean();
    List<UnaryFunction> functions = new ArrayList<>();
    for (int i = 0; i < (kind == CellProblem.Kind.LSTM ? 3 : 2); i++) {
      functions.add(
          bounded
              ? oneOf(random, UnaryFunction.SIGMOID, UnaryFunction.TANH)
              : oneOf(random, UnaryFunction.SIGMOID, UnaryFunction.TANH, UnaryFunction.RELU));
    }
    CellProblem problem = new CellProblem(kind, rows, width, first, columns, functions);
    // A reset gate of about 0 by an infinite sum is NaN or not, by its last places.
    boolean extreme = bounded && kind == CellProblem.Kind.LSTM && random.nextInt(3) == 0;
    return new Trial(
        Case.of(
                problem,
                random(DType.FLOAT, (long) rows * kind.gates() * columns, extreme, random),
                DType.FLOAT)
            .withSecond(random(DType.FLOAT, (long) rows * kind.gates() * columns, false, random))
            .withThird(random(DType.FLOAT, problem.cells(), false, random)),
        new Bound(0x1p-16, 0x1p-18, false));
  }

  @TestFactory
  Stream<DynamicTest> norm_equalsTheReference() {
    return ElementLawTest.laws(KernelFamily.NORM, RowLawTest::norm);
  }

  static Trial norm(Random random) {
    DType type = floatType(random);
    Terms terms = new Terms(random.nextBoolean(), random.nextBoolean(), random.nextBoolean());
    int length = size(random);
    NormProblem problem =
        new NormProblem(
            oneOf(random, Kind.values()),
            type,
            random.nextInt(5),
            length,
            oneOf(random, 1e-5f, 1e-12f, 0.1f),
            terms);
    boolean extreme = random.nextInt(6) == 0;
    long count = problem.rows() * length;
    return new Trial(
        Case.of(problem, withSquares(random(type, count, extreme, random)), type)
            .withSecond(terms.scale() ? random(type, length, false, random) : null)
            .withThird(terms.skip() ? random(type, count, false, random) : null)
            .with(
                Weights.NONE.withBias(
                    terms.bias() ? random(type, length, false, random).segment() : null))
            .inPlace(random.nextBoolean()),
        norm(length));
  }

  /** Two elements that are nearly equal leave few places of their difference. */
  private static Bound norm(int length) {
    double error = length == 2 ? 0x1p-5 : 0x1p-17;
    return new Bound(error, error, false);
  }

  /** The elements, but for finite ones whose squares are not. */
  private static Tensor withSquares(Tensor elements) {
    for (int i = 0; i < elements.size(); i++) {
      double value = Math.abs(elements.getDouble(i));
      if (value > 1e18 && Double.isFinite(value)) {
        elements.setDouble(i, 1);
      }
    }
    return elements;
  }

  /** Elements whose products neither overflow nor vanish in between, 0 and NaN among them. */
  private static Tensor factors(DType type, long count, Random random) {
    Tensor factors = Tensor.allocate(type, Shape.of(count));
    boolean extreme = random.nextInt(4) == 0;
    for (int i = 0; i < count; i++) {
      double magnitude = Math.exp((2 * random.nextDouble() - 1) * Math.log(2));
      factors.setDouble(i, random.nextBoolean() ? magnitude : -magnitude);
      if (extreme && random.nextInt(10) == 0) {
        factors.setDouble(i, random.nextBoolean() ? Double.NaN : 0);
      }
    }
    return factors;
  }

  @TestFactory
  Stream<DynamicTest> reduction_equalsTheReference() {
    return ElementLawTest.laws(KernelFamily.REDUCE, RowLawTest::reduction);
  }

  static Trial reduction(Random random) {
    DType type = floatType(random);
    boolean rows = random.nextBoolean();
    ReduceProblem problem =
        new ReduceProblem(
            oneOf(random, ReduceFunction.values()),
            type,
            random.nextInt(5),
            rows ? size(random) : 1 + random.nextInt(20),
            rows ? 1 : size(random));
    long count = problem.outer() * problem.reduced() * problem.inner();
    return new Trial(
        Case.of(
            problem,
            problem.function() == ReduceFunction.PRODUCT
                ? factors(type, count, random)
                : random(type, count, random.nextInt(4) == 0, random),
            type),
        switch (problem.function()) {
          case MAX, MIN -> Bound.EXACT;
          // Squares of less than this vanish.
          case L2 -> new Bound(1e-18, problem.reduced() * 0x1p-23, false);
          case PRODUCT, L1, SUM_OF_SQUARES ->
              new Bound(Float.MIN_NORMAL, problem.reduced() * 0x1p-23, false);
          case SUM, MEAN -> new Bound(problem.reduced() * 0x1p-22, 0x1p-22, true);
        });
  }

  @TestFactory
  Stream<DynamicTest> pooling_equalsTheReference() {
    return ElementLawTest.laws(KernelFamily.POOL, RowLawTest::pooling);
  }

  static Trial pooling(Random random) {
    DType type = oneOf(random, DType.FLOAT, DType.FLOAT16, DType.BFLOAT16, DType.UINT8, DType.INT8);
    int rank = oneOf(random, 1, 2, 2, 2, 3);
    List<SpatialAxis> axes = new ArrayList<>();
    for (int i = 0; i < rank; i++) {
      axes.add(poolAxis(random, rank));
    }
    boolean last = random.nextBoolean();
    boolean global = random.nextInt(6) == 0;
    PoolProblem problem =
        new PoolProblem(
            oneOf(random, PoolProblem.Kind.values()),
            type,
            last ? Layout.NHWC : Layout.NCHW,
            random.nextInt(3),
            last ? size(random) % 140 : random.nextInt(5),
            global
                ? axes.stream()
                    .map(axis -> SpatialAxis.of(axis.size(), Math.max(1, axis.size()), 0))
                    .toList()
                : axes);
    long count = problem.inputBytes() * 8 / type.bits();
    WeightQuantization quantization =
        new WeightQuantization(
            new int[] {(int) (random.nextInt(256) + (type == DType.INT8 ? -128 : 0))},
            new float[] {oneOf(random, 1f, random.nextFloat() * 2, 1e9f)},
            random.nextInt(256) + (type == DType.INT8 ? -128 : 0));
    boolean integers = !type.isFloat();
    return new Trial(
        Case.of(problem, random(type, count, random.nextInt(4) == 0, random), type)
            .with(integers ? Weights.NONE.withQuantization(quantization) : Weights.NONE),
        problem.kind() == PoolProblem.Kind.MAX ? Bound.EXACT : new Bound(0x1p-20, 0x1p-20, true));
  }

  private static SpatialAxis poolAxis(Random random, int rank) {
    int kernel = oneOf(random, 1, 2, 3, 3, 5, 7);
    int dilation = oneOf(random, 1, 1, 1, 2);
    int span = dilation * (kernel - 1) + 1;
    int most = Math.max(0, random.nextInt(3) == 0 ? 0 : kernel / 2);
    return new SpatialAxis(
        rank == 3 ? random.nextInt(9) : oneOf(random, random.nextInt(9), span, 13, 16, 33, 40),
        kernel,
        oneOf(random, 1, 1, 2, 2, 3, 4),
        dilation,
        most,
        random.nextInt(4) == 0 ? random.nextInt(span) : most);
  }
}
