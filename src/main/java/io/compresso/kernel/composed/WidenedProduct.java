package io.compresso.kernel.composed;

import io.compresso.kernel.Acceptance;
import io.compresso.kernel.ConvertProblem;
import io.compresso.kernel.CpuFeatures;
import io.compresso.kernel.Epilogue.Residual;
import io.compresso.kernel.KernelCatalog;
import io.compresso.kernel.KernelFamily;
import io.compresso.kernel.KernelSpec;
import io.compresso.kernel.OperandTypes;
import io.compresso.kernel.Operands;
import io.compresso.kernel.PreparedKernel;
import io.compresso.kernel.Problem;
import io.compresso.kernel.ProductProblem;
import io.compresso.kernel.Weights;
import io.compresso.kernel.panel.Scratch;
import io.compresso.tensor.DType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Products of 16-bit floats in single precision: operands become floats before the product,
 * constant weights once, and the results are rounded after it.
 */
public final class WidenedProduct extends ComposedKernel {
  private static final Set<DType> TYPES = Set.of(DType.FLOAT, DType.FLOAT16, DType.BFLOAT16);

  /**
   * @param family GEMM or CONV
   */
  public WidenedProduct(KernelFamily family) {
    super(family, "fx", TYPES, "widened");
  }

  @Override
  public Acceptance accepts(Problem problem, CpuFeatures cpu) {
    if (!(problem instanceof ProductProblem product) || product.family() != spec().family()) {
      return Acceptance.no("not a problem of " + spec().family());
    }
    OperandTypes types = product.types();
    Acceptance acceptance =
        Acceptance.when(
            TYPES.contains(types.input())
                && TYPES.contains(types.weight())
                && TYPES.contains(types.output())
                && !types.equals(OperandTypes.FLOAT),
            "not of 16-bit floats");
    if (!acceptance.accepted()) {
      return acceptance;
    }
    return KernelCatalog.takesBeforeReference(product.withTypes(OperandTypes.FLOAT), cpu)
        .and(converts(product.inputBytes(), types.input(), DType.FLOAT, cpu))
        .and(converts(product.weightBytes(), types.weight(), DType.FLOAT, cpu))
        .and(converts(product.thirdBytes(), types.output(), DType.FLOAT, cpu))
        .and(converts(product.outputBytes(), DType.FLOAT, types.output(), cpu));
  }

  private static Acceptance converts(long bytes, DType from, DType to, CpuFeatures cpu) {
    return from == to
        ? Acceptance.YES
        : KernelCatalog.takesBeforeReference(conversion(bytes, from, to), cpu);
  }

  /** The conversion of an operand, {@code bytes} large as 16-bit floats. */
  private static ConvertProblem conversion(long bytes, DType from, DType to) {
    return ConvertProblem.of(from, to, bytes / Short.BYTES);
  }

  @Override
  public PreparedKernel prepare(Problem problem, Weights weights) {
    ProductProblem product = (ProductProblem) problem;
    OperandTypes types = product.types();
    Widening ofWeights = Widening.of(product.weightBytes(), types.weight());
    MemorySegment data = weights.data();
    PreparedKernel floats;
    if (data == null || ofWeights.kernel() == null) {
      floats = KernelCatalog.prepare(product.withTypes(OperandTypes.FLOAT), weights);
    } else {
      try (Arena arena = Arena.ofShared()) {
        MemorySegment wide = arena.allocate(ofWeights.floatBytes(), 64);
        ofWeights.kernel().run(Operands.of(data, wide));
        floats =
            KernelCatalog.prepare(product.withTypes(OperandTypes.FLOAT), weights.withData(wide));
      }
    }
    return new Prepared(
        spec(),
        product,
        floats,
        Widening.of(product.inputBytes(), types.input()),
        ofWeights,
        Widening.of(product.thirdBytes(), types.output()),
        types.output() == DType.FLOAT
            ? null
            : KernelCatalog.prepare(
                conversion(product.outputBytes(), DType.FLOAT, types.output()), Weights.NONE),
        data != null);
  }

  /** Makes floats of an operand, or does nothing if it has them already. */
  private record Widening(@Nullable PreparedKernel kernel, long floatBytes) {
    static Widening of(long bytes, DType type) {
      return type == DType.FLOAT || bytes == 0
          ? new Widening(null, 0)
          : new Widening(
              KernelCatalog.prepare(conversion(bytes, type, DType.FLOAT), Weights.NONE), 2 * bytes);
    }

    @Nullable MemorySegment run(@Nullable MemorySegment operand, Scratch wide, int threads) {
      if (kernel == null || operand == null) {
        return operand;
      }
      MemorySegment floats = wide.segment();
      kernel.run(Operands.of(operand, floats), threads);
      return floats;
    }

    void close() {
      if (kernel != null) {
        kernel.close();
      }
    }
  }

  private record Prepared(
      KernelSpec spec,
      ProductProblem problem,
      PreparedKernel floats,
      Widening ofInput,
      Widening ofWeights,
      Widening ofResidual,
      @Nullable PreparedKernel narrowing,
      boolean constantWeights)
      implements PreparedKernel {
    @Override
    public void run(Operands operands, int threads) {
      operands.require(problem, constantWeights);
      boolean adds = problem.epilogue().residual() != Residual.NONE;
      try (Scratch input = Scratch.of(ofInput.floatBytes());
          Scratch second = Scratch.of(constantWeights ? 0 : ofWeights.floatBytes());
          Scratch third = Scratch.of(ofResidual.floatBytes());
          Scratch output = Scratch.of(narrowing == null ? 0 : 2 * problem.outputBytes())) {
        MemorySegment results = narrowing == null ? operands.output() : output.segment();
        floats.run(
            new Operands(
                Objects.requireNonNull(ofInput.run(operands.input(), input, threads)),
                constantWeights ? null : ofWeights.run(operands.second(), second, threads),
                adds ? ofResidual.run(operands.third(), third, threads) : null,
                results,
                0,
                1),
            threads);
        if (narrowing != null) {
          narrowing.run(Operands.of(results, operands.output()), threads);
        }
      }
    }

    @Override
    public void close() {
      floats.close();
      ofInput.close();
      ofWeights.close();
      ofResidual.close();
      if (narrowing != null) {
        narrowing.close();
      }
    }
  }
}
