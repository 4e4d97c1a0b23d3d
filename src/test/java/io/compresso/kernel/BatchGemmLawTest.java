package io.compresso.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.compresso.kernel.BatchGemmProblem.Place;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

class BatchGemmLawTest {
  private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED;
  private static final double EPSILON = 0x1p-24;
  private static final double ACTIVATION_ERROR = 0x1p-20;
  private static final int[] SIZES = {0, 1, 2, 7, 13, 15, 16, 17, 31, 33, 64, 65};

  private final GuardedMemory inputs = new GuardedMemory(1 << 20);
  private final GuardedMemory seconds = new GuardedMemory(1 << 20);
  private final GuardedMemory thirds = new GuardedMemory(1 << 20);
  private final GuardedMemory outputs = new GuardedMemory(1 << 20);

  @TestFactory
  Stream<DynamicTest> batches_equalTheReference() {
    return KernelLaws.kernels(KernelFamily.BATCH_GEMM).stream()
        .map(kernel ->
            DynamicTest.dynamicTest(
                kernel.spec().id(),
                () -> {
                  int cases = 0;
                  for (BatchGemmProblem problem : problems()) {
                    if (kernel.accepts(problem, CpuFeatures.host()).accepted()) {
                      check(kernel, problem, cases++);
                    }
                  }
                  assertThat(cases).isGreaterThanOrEqualTo(200);
                }));
  }

  @Test
  void problem_refusesTransposedProducts() {
    GemmProblem product = GemmProblem.ofFloat(2, 2, 2).withTranspose(true, false);
    assertThatThrownBy(() -> BatchGemmProblem.dense(product, 3))
        .hasMessageContaining("by their strides");
  }

  private static List<BatchGemmProblem> problems() {
    Random random = new Random(7);
    List<BatchGemmProblem> problems = new ArrayList<>();
    for (int i = 0; i < 480; i++) {
      int m = SIZES[random.nextInt(SIZES.length)];
      int n = SIZES[random.nextInt(SIZES.length)];
      int k = SIZES[random.nextInt(SIZES.length)];
      int outer = 1 + random.nextInt(2);
      int inner = random.nextInt(20) == 0 ? 0 : 1 + random.nextInt(3);
      GemmProblem product =
          GemmProblem.ofFloat(m, n, k)
              .withEpilogue(GemmLawTest.fusedEpilogue(OperandTypes.FLOAT, random));
      Place b =
          random.nextBoolean()
              ? place(random, inner, k, n)
              : place(random, inner, n, k).transposed();
      problems.add(
          new BatchGemmProblem(
              product,
              outer,
              inner,
              random.nextInt(4) == 0
                  ? place(random, inner, k, m).transposed()
                  : place(random, inner, m, k),
              random.nextInt(5) == 0 ? new Place(0, b.inner(), b.row(), b.column()) : b,
              place(random, inner, m, n)));
    }
    return problems;
  }

  /** Matrices one after another, or interleaved row by row as the heads of attention are. */
  private static Place place(Random random, int inner, int rows, int columns) {
    long row = Math.max(1, (long) inner * columns);
    return random.nextBoolean()
        ? Place.dense(inner, rows, columns)
        : new Place(rows * row, columns, row, 1);
  }

  private void check(Kernel kernel, BatchGemmProblem problem, int seed) {
    Random random = new Random(seed);
    try (Arena arena = Arena.ofShared()) {
      MemorySegment a = random(arena, problem.inputBytes(), random);
      MemorySegment b = random(arena, problem.secondBytes(), random);
      MemorySegment third = random(arena, problem.thirdBytes(), random);
      MemorySegment bias = random(arena, problem.biasBytes(), random);
      MemorySegment expected = arena.allocate(problem.outputBytes(), 8);
      run(reference(), problem, bias, operands(problem, a, b, third, expected));
      GemmProblem each = problem.product();
      Epilogue epilogue = each.epilogue();
      BatchGemmProblem sums =
          new BatchGemmProblem(
              each.withEpilogue(
                  Epilogue.NONE.withBias(epilogue.bias()).withResidual(epilogue.residual())),
              problem.outer(),
              problem.inner(),
              problem.a(),
              problem.b(),
              problem.output());
      MemorySegment total = arena.allocate(problem.outputBytes(), 8);
      run(
          reference(),
          sums,
          magnitudes(arena, bias),
          operands(
              problem,
              magnitudes(arena, a),
              magnitudes(arena, b),
              magnitudes(arena, third),
              total));
      for (GuardedMemory.Place place : GuardedMemory.Place.values()) {
        MemorySegment actual = outputs.buffer(problem.outputBytes(), place);
        Operands operands =
            operands(
                problem,
                inputs.buffer(a.byteSize(), place).copyFrom(a),
                seconds.buffer(b.byteSize(), place).copyFrom(b),
                thirds.buffer(third.byteSize(), place).copyFrom(third),
                actual);
        run(kernel, problem, bias, operands);
        for (long at = 0; at < actual.byteSize(); at += 4) {
          double e = expected.get(FLOAT, at);
          double roundings = (each.k() + 3) * EPSILON * Math.abs(total.get(FLOAT, at));
          double bound =
              epilogue.activation() == Activation.NONE
                  ? roundings
                  : 1.5 * roundings + ACTIVATION_ERROR * Math.max(1, Math.abs(e));
          assertThat(Math.abs(actual.get(FLOAT, at) - e) <= bound + Float.MIN_NORMAL)
              .as(
                  "%s, %s, %s: element %d is %s, not %s",
                  kernel.spec().id(), problem, place, at / 4, actual.get(FLOAT, at), e)
              .isTrue();
        }
      }
    }
  }

  private static Kernel reference() {
    return KernelCatalog.of(KernelFamily.BATCH_GEMM).getLast();
  }

  private static Operands operands(
      BatchGemmProblem problem,
      MemorySegment a,
      MemorySegment b,
      @Nullable MemorySegment third,
      MemorySegment output) {
    return Operands.of(a, b, output).withThird(problem.thirdBytes() == 0 ? null : third);
  }

  /** Runs on an output of zeroes, so that elements between the results can be told. */
  private static void run(
      Kernel kernel, BatchGemmProblem problem, MemorySegment bias, Operands operands) {
    operands.output().fill((byte) 0);
    Weights weights =
        problem.product().epilogue().bias() ? Weights.NONE.withBias(bias) : Weights.NONE;
    try (PreparedKernel prepared = kernel.prepare(problem, weights)) {
      prepared.run(operands, 2);
    }
  }

  private static MemorySegment random(Arena arena, long bytes, Random random) {
    MemorySegment segment = arena.allocate(bytes, 8).asSlice(0, bytes);
    for (long at = 0; at < bytes; at += 4) {
      segment.set(FLOAT, at, random.nextFloat() * 2 - 1);
    }
    return segment;
  }

  private static MemorySegment magnitudes(Arena arena, MemorySegment values) {
    MemorySegment result = arena.allocate(values.byteSize(), 8).copyFrom(values);
    for (long at = 0; at < values.byteSize(); at += 4) {
      result.set(FLOAT, at, Math.abs(result.get(FLOAT, at)));
    }
    return result.asSlice(0, values.byteSize());
  }
}
