package io.compresso.kernel;

import io.compresso.kernel.ElementLaws.Case;
import io.compresso.kernel.ElementLaws.Trial;
import io.compresso.kernel.KernelLaws.Content;
import java.lang.foreign.Arena;
import java.util.List;
import java.util.Random;
import java.util.function.Function;

/** The random problems of the law suite, for every family of the catalogue. */
final class FamilyLaws {
  private static final List<GemmProblem> PRODUCTS = GemmLawTest.problems();

  private FamilyLaws() {}

  /** Holds a kernel to the reference. */
  interface Law {
    /** Checks a random problem, if the kernel takes it. */
    void check(Random random);
  }

  /**
   * A problem, and weights for it.
   *
   * @param weights with their data
   */
  record Sample(Problem problem, Weights weights) {}

  /** The law of the kernel's family, for one thread at a time. */
  static Law of(Kernel kernel, LawMemory memory) {
    return switch (kernel.spec().family()) {
      case GEMM -> products(kernel, memory, FamilyLaws::product);
      case CONV -> products(kernel, memory, ConvLawTest::mixed);
      case BATCH_GEMM -> {
        BatchGemmLaws laws = new BatchGemmLaws(kernel, memory);
        yield random -> laws.check(BatchGemmLawTest.problem(random), random);
      }
      case KernelFamily family -> {
        ElementLaws laws = new ElementLaws(kernel, memory);
        Function<Random, Trial> trials = trials(family);
        yield random -> laws.check(trials.apply(random));
      }
    };
  }

  /** A random problem of a family; the weights live as long as the arena. */
  static Sample sample(KernelFamily family, Random random, Arena arena) {
    return switch (family) {
      case GEMM -> sample(product(random), random, arena);
      case CONV -> sample(ConvLawTest.mixed(random), random, arena);
      case BATCH_GEMM -> {
        BatchGemmProblem problem = BatchGemmLawTest.problem(random);
        yield new Sample(
            problem,
            problem.product().epilogue().bias()
                ? Weights.NONE.withBias(arena.allocate(problem.biasBytes()))
                : Weights.NONE);
      }
      case KernelFamily other -> {
        Case given = trials(other).apply(random).given();
        yield new Sample(
            given.problem(),
            given.second() == null
                ? given.weights()
                : given.weights().withData(given.second().segment()));
      }
    };
  }

  private static Sample sample(ProductProblem problem, Random random, Arena arena) {
    return new Sample(problem, KernelLaws.weights(arena, problem, Content.ORDINARY, random));
  }

  private static Law products(
      Kernel kernel, LawMemory memory, Function<Random, ProductProblem> problems) {
    KernelLaws laws = new KernelLaws(kernel, memory);
    return random ->
        laws.check(
            problems.apply(random),
            random.nextInt(4) == 0 ? Content.EXTREME : Content.ORDINARY,
            random.nextLong());
  }

  private static GemmProblem product(Random random) {
    return PRODUCTS.get(random.nextInt(PRODUCTS.size()));
  }

  private static Function<Random, Trial> trials(KernelFamily family) {
    return switch (family) {
      case BLOCK_GEMM -> BlockGemmLawTest::product;
      case UNARY -> ElementLawTest::unary;
      case BINARY -> ElementLawTest::binary;
      case QUANTIZED_BINARY -> ElementLawTest::quantizedBinary;
      case SOFTMAX -> RowLawTest::softmax;
      case NORM -> RowLawTest::norm;
      case POOL -> RowLawTest::pooling;
      case CONVERT -> ElementLawTest::conversion;
      case LOOKUP -> ElementLawTest::lookup;
      case REDUCE -> RowLawTest::reduction;
      case COPY -> CopyLawTest::copy;
      case GATHER -> CopyLawTest::gather;
      case CELL -> RowLawTest::cell;
      case GEMM, CONV, BATCH_GEMM ->
          throw new IllegalArgumentException(family + " has laws of its own");
    };
  }
}
