package io.compresso.evaluate.bench;

import io.compresso.kernel.CpuFeatures;
import io.compresso.kernel.Isa;
import io.compresso.kernel.KernelCatalog;
import io.compresso.kernel.OperandTypes;
import io.compresso.kernel.Operands;
import io.compresso.kernel.PreparedKernel;
import io.compresso.kernel.Problem;
import io.compresso.kernel.ProductProblem;
import io.compresso.kernel.WeightQuantization;
import io.compresso.kernel.Weights;
import io.compresso.tensor.DType;
import io.compresso.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The catalogue's choice for a problem, on random data. */
final class CatalogKernel implements Contender {
  /** The factor from sums of 8-bit products to results. */
  static final float SCALE = 0.0005f;

  private final PreparedKernel kernel;
  private final Operands operands;
  private final int threads;

  private CatalogKernel(PreparedKernel kernel, Operands operands, int threads) {
    this.kernel = kernel;
    this.operands = operands;
    this.threads = threads;
  }

  /** The choice for a problem whose weights are constant. */
  static KernelCase.Own of(ProductProblem problem) {
    return (cpu, threads) -> open(problem, cpu, threads);
  }

  /** The choice for a problem of any family, with its operands. */
  static KernelCase.Own of(
      Problem problem, Weights weights, Tensor input, @Nullable Tensor second) {
    return (cpu, threads) -> {
      if (isLeftToTheReference(problem, cpu)) {
        return Optional.empty();
      }
      Tensor output = RandomData.bytes(DType.INT8, problem.outputBytes(), 3);
      Operands operands =
          new Operands(
              input.segment(),
              second == null ? null : second.segment(),
              null,
              output.segment(),
              0,
              1);
      PreparedKernel kernel = KernelCatalog.prepare(problem, weights, cpu);
      return Optional.of(new CatalogKernel(kernel, operands, threads));
    };
  }

  private static boolean isLeftToTheReference(Problem problem, CpuFeatures cpu) {
    boolean reference = KernelCatalog.select(problem, cpu).kernel().spec().isa() == Isa.REF;
    return reference && !cpu.cap().equals(Optional.of(Isa.REF));
  }

  private static Optional<Contender> open(ProductProblem problem, CpuFeatures cpu, int threads) {
    if (isLeftToTheReference(problem, cpu)) {
      return Optional.empty();
    }
    OperandTypes types = problem.types();
    Tensor input = RandomData.bytes(types.input(), problem.inputBytes(), 1);
    Tensor weight = RandomData.bytes(types.weight(), problem.weightBytes(), 2);
    Tensor output = RandomData.bytes(types.output(), problem.outputBytes(), 3);
    WeightQuantization quantization =
        types.isInt8()
            ? new WeightQuantization(new int[] {0}, new float[] {SCALE}, 0)
            : WeightQuantization.NONE;
    @Nullable MemorySegment bias =
        problem.epilogue().bias()
            ? RandomData.bytes(
                    problem.biasType(), problem.biasType().bytes(problem.outputChannels()), 4)
                .segment()
            : null;
    PreparedKernel kernel =
        KernelCatalog.prepare(
            problem,
            Weights.of(weight.segment()).withBias(bias).withQuantization(quantization),
            cpu);
    return Optional.of(
        new CatalogKernel(kernel, Operands.of(input.segment(), output.segment()), threads));
  }

  @Override
  public String name() {
    return kernel.spec().id();
  }

  @Override
  public void run() {
    kernel.run(operands, threads);
  }

  @Override
  public void close() {
    kernel.close();
  }
}
