package io.compresso.op;

import io.compresso.graph.Dim;
import io.compresso.graph.Node;
import io.compresso.kernel.GemmProblem;
import io.compresso.kernel.OperandTypes;
import io.compresso.kernel.Operands;
import io.compresso.kernel.WeightQuantization;
import io.compresso.kernel.Weights;
import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What the engine's own matrix products share: {@code y[..., n] = x[..., k] . w[k, n]}, with the
 * attribute {@code transB} the weights lie as {@code [n, k]}, with {@code transA} the data, then a
 * matrix, as {@code [k, m]}; and the attributes of {@link FusedEpilogue}.
 */
final class CompiledProduct {
  private CompiledProduct() {}

  /** The shape rule. */
  static Inferred infer(ShapeContext context, @Nullable DType output) {
    List<Dim> x = context.dims(0);
    List<Dim> w = context.dims(1);
    if (x == null) {
      return Dims.tensor(output, null);
    }
    if (x.isEmpty() || w != null && w.size() != 2) {
      throw context.error("operands are no matrices");
    }
    boolean transA = is(context.node(), "transA");
    boolean transB = is(context.node(), "transB");
    if (transA && x.size() != 2) {
      throw context.error("transA of data of rank " + x.size());
    }
    if (w != null) {
      Dims.merge(context, transA ? x.getFirst() : x.getLast(), w.get(transB ? 1 : 0));
    }
    List<Dim> dims = new ArrayList<>(x);
    if (transA) {
      dims.set(0, x.get(1));
    }
    dims.set(dims.size() - 1, w == null ? Dim.UNKNOWN : w.get(transB ? 0 : 1));
    return Dims.tensor(output, dims);
  }

  private static boolean is(Node node, String attribute) {
    return node.intAttribute(attribute, 0) != 0;
  }

  /** The node as a kernel; null where there is none for it. */
  static @Nullable Lowered lower(LoweringContext context, DType output, boolean quantized) {
    Node node = context.node();
    Shape w = context.input(1).shape();
    boolean transB = is(node, "transB");
    int n = Math.toIntExact(w.dim(transB ? 0 : 1));
    Shape y = context.output(0).shape();
    GemmProblem problem =
        new GemmProblem(
            new OperandTypes(context.input(0).dtype(), context.input(1).dtype(), output),
            Math.toIntExact(y.size(0, y.rank() - 1)),
            n,
            Math.toIntExact(w.dim(transB ? 1 : 0)),
            GemmProblem.Transpose.of(is(node, "transA"), transB),
            FusedEpilogue.of(node));
    return FusedLowering.of(context, problem, quantized);
  }

  /** Computes a node. */
  static Tensor run(OpContext context, DType output, boolean quantized) {
    Node node = context.node();
    Tensor x = context.tensor(0);
    Tensor w = context.tensor(1);
    boolean transA = is(node, "transA");
    boolean transB = is(node, "transB");
    int rank = x.shape().rank();
    if (rank == 0
        || w.shape().rank() != 2
        || transA && rank != 2
        || x.shape().dim(transA ? 0 : -1) != w.shape().dim(transB ? 1 : 0)) {
      throw context.error("shapes " + x.shape() + " and " + w.shape() + " do not multiply");
    }
    int k = Math.toIntExact(w.shape().dim(transB ? 1 : 0));
    int n = Math.toIntExact(w.shape().dim(transB ? 0 : 1));
    long rows = transA ? x.shape().dim(1) : x.shape().size(0, rank - 1);
    Tensor y =
        context.allocateUncleared(output, transA ? Shape.of(rows, n) : x.shape().with(rank - 1, n));
    Tensor bias = context.tensorOrNull(FusedEpilogue.BIAS);
    if (bias != null && bias.size() != n) {
      throw context.error("bias " + bias.shape() + " for " + n + " columns");
    }
    Tensor residual = context.tensorOrNull(FusedEpilogue.RESIDUAL);
    FusedEpilogue.requireLike(context, residual, y);
    GemmProblem problem =
        new GemmProblem(
            new OperandTypes(x.dtype(), w.dtype(), output),
            Math.toIntExact(rows),
            n,
            k,
            GemmProblem.Transpose.of(transA, transB),
            FusedEpilogue.of(node));
    WeightQuantization quantization =
        quantized ? FusedEpilogue.quantization(context, n) : WeightQuantization.NONE;
    SplitProduct.run(
        context,
        problem,
        FusedEpilogue.isConstant(context),
        () ->
            Weights.of(Products.memory(w))
                .withBias(
                    bias == null
                        ? null
                        : Products.memory(Reals.as(context, problem.biasType(), bias)))
                .withQuantization(quantization)
                .withResidual(FusedEpilogue.residualQuantization(node)),
        FusedEpilogue.quantized(
            context,
            Operands.of(Products.memory(x), y.segment())
                .withThird(residual == null ? null : Products.memory(residual))),
        y,
        residual);
    return y;
  }
}
