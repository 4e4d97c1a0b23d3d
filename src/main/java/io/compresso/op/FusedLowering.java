package io.compresso.op;

import io.compresso.graph.Node;
import io.compresso.kernel.Operands;
import io.compresso.kernel.PreparedKernel;
import io.compresso.kernel.ProductProblem;
import io.compresso.kernel.WeightQuantization;
import io.compresso.kernel.Weights;
import io.compresso.tensor.DType;
import io.compresso.tensor.Tensor;
import io.compresso.tensor.TensorSpec;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/** The engine's own products as kernels, with the operands of {@link FusedEpilogue}. */
final class FusedLowering {
  private FusedLowering() {}

  /** The node as one kernel, or as one and a second sweep; null where its constants vary. */
  static @Nullable Lowered of(LoweringContext context, ProductProblem problem, boolean quantized) {
    for (int input :
        new int[] {FusedEpilogue.BIAS, FusedEpilogue.FACTORS, FusedEpilogue.ZERO_POINTS}) {
      if (!context.isFixed(input)) {
        return null;
      }
    }
    boolean split = SplitProduct.isBetter(problem);
    ProductProblem first = split ? SplitProduct.plain(problem) : problem;
    Weights constants = weights(context, problem, quantized);
    PreparedKernel kernel =
        context.prepare(0, first, () -> split ? SplitProduct.plain(problem, constants) : constants);
    boolean fixed = context.constant(1) != null;
    TensorSpec result = context.output(0);
    TensorSpec residual = context.inputOrNull(FusedEpilogue.RESIDUAL);
    Node node = context.node();
    int zeroPoint = (int) node.intAttribute("x_zero_point", 0);
    float scale = node.floatAttribute("x_scale", 1);
    TensorSpec givenScale = context.inputOrNull(FusedEpilogue.DATA_SCALE);
    TensorSpec givenZero = context.inputOrNull(FusedEpilogue.DATA_ZERO_POINT);
    int threads = context.threads();
    return Lowered.of(buffers -> {
      MemorySegment added = residual == null ? null : buffers.input(FusedEpilogue.RESIDUAL);
      Operands operands =
          (fixed
                  ? Operands.of(buffers.input(0), buffers.output(0))
                  : Operands.of(buffers.input(0), buffers.input(1), buffers.output(0)))
              .withThird(split ? null : added)
              .withInputQuantization(zeroPoint, scale);
      Tensor dataScale =
          givenScale == null ? null : wrap(givenScale, buffers.input(FusedEpilogue.DATA_SCALE));
      Tensor dataZero =
          givenZero == null ? null : wrap(givenZero, buffers.input(FusedEpilogue.DATA_ZERO_POINT));
      Lowered.Call product =
          dataScale == null && dataZero == null
              ? kernel.bind(operands, threads)::run
              : quantized(kernel, operands, threads, dataScale, dataZero);
      if (!split) {
        return product;
      }
      Tensor y = wrap(result, buffers.output(0));
      Tensor r = residual == null || added == null ? null : wrap(residual, added);
      return () -> {
        product.run();
        SplitProduct.finish(problem, constants, y, r, threads);
      };
    });
  }

  private static Tensor wrap(TensorSpec spec, MemorySegment segment) {
    return Tensor.wrap(spec.dtype(), spec.shape(), segment);
  }

  private static Lowered.Call quantized(
      PreparedKernel kernel,
      Operands operands,
      int threads,
      @Nullable Tensor scale,
      @Nullable Tensor zeroPoint) {
    PreparedKernel.QuantizedRun run = kernel.bindQuantized(operands, threads);
    return () ->
        run.run(
            zeroPoint == null ? operands.inputZeroPoint() : (int) zeroPoint.getLong(0),
            scale == null ? operands.inputScale() : scale.getFloat(0));
  }

  private static Weights weights(
      LoweringContext context, ProductProblem problem, boolean quantized) {
    Tensor data = context.constant(1);
    Tensor bias = context.constant(FusedEpilogue.BIAS);
    Weights weights =
        Weights.NONE
            .withData(data == null ? null : Products.memory(data))
            .withBias(bias == null ? null : biasMemory(problem.biasType(), bias));
    if (!quantized) {
      return weights;
    }
    Tensor factors = context.constant(FusedEpilogue.FACTORS);
    Tensor zeroPoints = context.constant(FusedEpilogue.ZERO_POINTS);
    if (factors == null) {
      throw context.error("the factors of the sums (input 4) are missing");
    }
    int[] zeros = {0};
    if (zeroPoints != null) {
      zeros = new int[(int) zeroPoints.size()];
      for (int i = 0; i < zeros.length; i++) {
        zeros[i] = (int) zeroPoints.getLong(i);
      }
    }
    return weights
        .withQuantization(
            new WeightQuantization(
                zeros, factors.toFloats(), (int) context.node().intAttribute("y_zero_point", 0)))
        .withResidual(FusedEpilogue.residualQuantization(context.node()));
  }

  private static MemorySegment biasMemory(DType type, Tensor bias) {
    if (bias.dtype() == type) {
      return Products.memory(bias);
    }
    Tensor converted = Tensor.allocate(type, bias.shape());
    for (long i = 0; i < bias.size(); i++) {
      converted.setDouble(i, bias.getDouble(i));
    }
    return converted.segment();
  }
}
