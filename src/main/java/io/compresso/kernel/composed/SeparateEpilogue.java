package io.compresso.kernel.composed;

import io.compresso.kernel.Acceptance;
import io.compresso.kernel.Activation;
import io.compresso.kernel.BinaryFunction;
import io.compresso.kernel.BinaryProblem;
import io.compresso.kernel.BoundKernel;
import io.compresso.kernel.Broadcast;
import io.compresso.kernel.CpuFeatures;
import io.compresso.kernel.Epilogue;
import io.compresso.kernel.Epilogue.Residual;
import io.compresso.kernel.KernelCatalog;
import io.compresso.kernel.KernelFamily;
import io.compresso.kernel.KernelSpec;
import io.compresso.kernel.Operands;
import io.compresso.kernel.PreparedKernel;
import io.compresso.kernel.Problem;
import io.compresso.kernel.ProductProblem;
import io.compresso.kernel.UnaryFunction;
import io.compresso.kernel.UnaryProblem;
import io.compresso.kernel.Weights;
import io.compresso.tensor.DType;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * Products to floats with a residual or an activation: the product with its bias, then what is left
 * of the epilogue by kernels of single elements, in the place of the results.
 */
public final class SeparateEpilogue extends ComposedKernel {
  /**
   * @param family GEMM or CONV
   */
  public SeparateEpilogue(KernelFamily family) {
    super(
        family,
        "x",
        Set.of(DType.FLOAT, DType.FLOAT16, DType.BFLOAT16, DType.UINT8, DType.INT8),
        "epilogue");
  }

  @Override
  public Acceptance accepts(Problem problem, CpuFeatures cpu) {
    if (!(problem instanceof ProductProblem product) || product.family() != spec().family()) {
      return Acceptance.no("not a problem of " + spec().family());
    }
    Epilogue epilogue = product.epilogue();
    Acceptance acceptance =
        Acceptance.when(product.types().output() == DType.FLOAT, "results that are not floats")
            .and(
                Acceptance.when(
                    epilogue.residual() != Residual.ADDED_TO_QUANTIZED,
                    "a residual of quantized results"))
            .and(
                Acceptance.when(
                    !epilogue.isPlain().accepted(), "an epilogue without activation and residual"));
    if (!acceptance.accepted()) {
      return acceptance;
    }
    acceptance = KernelCatalog.takesBeforeReference(plain(product), cpu);
    for (Problem step : steps(product)) {
      acceptance = acceptance.and(KernelCatalog.takesBeforeReference(step, cpu));
    }
    return acceptance;
  }

  private static ProductProblem plain(ProductProblem problem) {
    return problem.withEpilogue(Epilogue.NONE.withBias(problem.epilogue().bias()));
  }

  /** What follows the product, of its results and, as the second operand, the residual. */
  private static List<Problem> steps(ProductProblem problem) {
    Epilogue epilogue = problem.epilogue();
    long count = problem.outputBytes() / Float.BYTES;
    List<Problem> steps = new ArrayList<>();
    if (epilogue.residual() == Residual.ADDED) {
      steps.add(new BinaryProblem(BinaryFunction.ADD, DType.FLOAT, Broadcast.none(count)));
    }
    if (epilogue.activation() != Activation.NONE) {
      steps.add(UnaryProblem.of(function(epilogue.activation()), DType.FLOAT, count));
    }
    if (epilogue.clips()) {
      steps.add(
          new UnaryProblem(
              UnaryFunction.CLIP, DType.FLOAT, count, epilogue.low(), epilogue.high()));
    }
    return steps;
  }

  private static UnaryFunction function(Activation activation) {
    return switch (activation) {
      case SIGMOID -> UnaryFunction.SIGMOID;
      case TANH -> UnaryFunction.TANH;
      case GELU -> UnaryFunction.GELU;
      case GELU_TANH -> UnaryFunction.GELU_TANH;
      case SWISH -> UnaryFunction.SWISH;
      case HARD_SWISH -> UnaryFunction.HARD_SWISH;
      case NONE -> throw new IllegalArgumentException("no activation");
    };
  }

  @Override
  public PreparedKernel prepare(Problem problem, Weights weights) {
    ProductProblem product = (ProductProblem) problem;
    return new Prepared(
        spec(),
        product,
        KernelCatalog.prepare(plain(product), weights),
        steps(product).stream().map(step -> KernelCatalog.prepare(step, Weights.NONE)).toList(),
        weights.data() != null);
  }

  private record Prepared(
      KernelSpec spec,
      ProductProblem problem,
      PreparedKernel product,
      List<PreparedKernel> steps,
      boolean constantWeights)
      implements BoundKernel {
    @Override
    public Runnable bind(Operands operands, int threads) {
      operands.require(problem, constantWeights);
      Runnable[] runs = finish(operands, threads);
      runs[0] = product.bind(operands.withThird(null), threads);
      return () -> {
        for (Runnable run : runs) {
          run.run();
        }
      };
    }

    @Override
    public QuantizedRun bindQuantized(Operands operands, int threads) {
      operands.require(problem, constantWeights);
      QuantizedRun first = product.bindQuantized(operands.withThird(null), threads);
      Runnable[] runs = finish(operands, threads);
      return (zeroPoint, scale) -> {
        first.run(zeroPoint, scale);
        for (int i = 1; i < runs.length; i++) {
          runs[i].run();
        }
      };
    }

    /** The runs of the steps, from index 1 on. */
    private Runnable[] finish(Operands operands, int threads) {
      MemorySegment output = operands.output();
      MemorySegment residual = operands.third() == null ? MemorySegment.NULL : operands.third();
      Runnable[] runs = new Runnable[1 + steps.size()];
      runs[0] = () -> {};
      for (int i = 0; i < steps.size(); i++) {
        PreparedKernel step = steps.get(i);
        Operands used =
            step.problem() instanceof BinaryProblem
                ? Operands.of(output, residual, output)
                : Operands.of(output, output);
        runs[i + 1] = step.bind(used, threads);
      }
      return runs;
    }

    @Override
    public void close() {
      product.close();
      steps.forEach(PreparedKernel::close);
    }
  }
}
