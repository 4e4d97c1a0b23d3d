package io.compresso.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.compresso.kernel.BatchGemmProblem.Place;
import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

class BatchGemmLawTest {
  private static final int CASES = 480;
  private static final int[] SIZES = {0, 1, 2, 7, 13, 15, 16, 17, 31, 33, 64, 65};

  @TestFactory
  Stream<DynamicTest> batches_equalTheReference() {
    return KernelLaws.kernels(KernelFamily.BATCH_GEMM).stream()
        .map(kernel ->
            DynamicTest.dynamicTest(
                kernel.spec().id(),
                () -> {
                  BatchGemmLaws laws = new BatchGemmLaws(kernel, LawMemory.of(1 << 20));
                  Random random = new Random(7);
                  for (int i = 0; i < CASES; i++) {
                    laws.check(problem(random), new Random(i));
                  }
                  assertThat(laws.cases()).isGreaterThanOrEqualTo(200);
                }));
  }

  @Test
  void batches_ofHalves_equalTheReference() {
    Random random = new Random(9);
    for (int i = 0; i < 100; i++) {
      BatchGemmProblem floats = problem(random);
      DType type = random.nextBoolean() ? DType.FLOAT16 : DType.BFLOAT16;
      BatchGemmProblem halves =
          new BatchGemmProblem(
              floats.product().withTypes(OperandTypes.all(type)).withEpilogue(Epilogue.NONE),
              floats.outer(),
              floats.inner(),
              floats.a(),
              floats.b(),
              floats.output());
      Tensor a = halves(type, halves.inputBytes(), random);
      Tensor b = halves(type, halves.secondBytes(), random);
      Tensor expected = Tensor.allocate(type, Shape.of(halves.outputBytes() / 2));
      Tensor actual = Tensor.allocate(type, expected.shape());
      Operands operands = Operands.of(a.segment(), b.segment(), expected.segment());
      try (PreparedKernel reference =
              KernelCatalog.of(KernelFamily.BATCH_GEMM).getLast().prepare(halves, Weights.NONE);
          PreparedKernel kernel = KernelCatalog.prepare(halves, Weights.NONE)) {
        reference.run(operands, 2);
        kernel.run(Operands.of(a.segment(), b.segment(), actual.segment()), 2);
      }
      double step = type == DType.FLOAT16 ? 0x1p-10 : 0x1p-7;
      for (int j = 0; j < expected.size(); j++) {
        double bound = step * Math.abs(expected.getDouble(j)) + 0x1p-16;
        assertThat(actual.getDouble(j))
            .as("%s, element %d", halves, j)
            .isCloseTo(expected.getDouble(j), within(bound));
      }
    }
  }

  private static Tensor halves(DType type, long bytes, Random random) {
    Tensor tensor = Tensor.allocate(type, Shape.of(bytes / 2));
    for (int i = 0; i < tensor.size(); i++) {
      tensor.setDouble(i, random.nextFloat() * 2 - 1);
    }
    return tensor;
  }

  @Test
  void problem_refusesTransposedProducts() {
    GemmProblem product = GemmProblem.ofFloat(2, 2, 2).withTranspose(true, false);
    assertThatThrownBy(() -> BatchGemmProblem.dense(product, 3))
        .hasMessageContaining("by their strides");
  }

  static BatchGemmProblem problem(Random random) {
    int m = SIZES[random.nextInt(SIZES.length)];
    int n = SIZES[random.nextInt(SIZES.length)];
    int k = SIZES[random.nextInt(SIZES.length)];
    int outer = 1 + random.nextInt(2);
    int inner = random.nextInt(20) == 0 ? 0 : 1 + random.nextInt(3);
    GemmProblem product =
        GemmProblem.ofFloat(m, n, k)
            .withEpilogue(GemmLawTest.fusedEpilogue(OperandTypes.FLOAT, random));
    Place b =
        random.nextBoolean() ? place(random, inner, k, n) : place(random, inner, n, k).transposed();
    return new BatchGemmProblem(
        product,
        outer,
        inner,
        random.nextInt(4) == 0
            ? place(random, inner, k, m).transposed()
            : place(random, inner, m, k),
        random.nextInt(5) == 0 ? new Place(0, b.inner(), b.row(), b.column()) : b,
        place(random, inner, m, n));
  }

  /** Matrices one after another, or interleaved row by row as the heads of attention are. */
  private static Place place(Random random, int inner, int rows, int columns) {
    long row = Math.max(1, (long) inner * columns);
    return random.nextBoolean()
        ? Place.dense(inner, rows, columns)
        : new Place(rows * row, columns, row, 1);
  }
}
