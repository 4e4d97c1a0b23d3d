package io.compresso.op;

import io.compresso.kernel.Epilogue;
import io.compresso.kernel.GemmProblem;
import io.compresso.kernel.OperandTypes;
import io.compresso.kernel.Operands;
import io.compresso.kernel.Weights;
import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import java.util.List;
import java.util.Optional;

/**
 * Product with weights of 4 bits as bitsandbytes quantizes them (Dettmers et al., "QLoRA", 2023):
 * FP4 or NF4 in blocks of the flat weights {@code [N, K]}, each by its largest magnitude.
 */
final class MatMulBnb4 extends MicrosoftOperator {
  private static final float[] FP4 = {
    0, 0.0625f / 12, 8f / 12, 1, 4f / 12, 6f / 12, 2f / 12, 3f / 12,
    0, -0.0625f / 12, -8f / 12, -1, -4f / 12, -6f / 12, -2f / 12, -3f / 12
  };
  private static final float[] NF4 = {
    -1,
    -0.6961928f,
    -0.52507305f,
    -0.39491749f,
    -0.28444138f,
    -0.18477343f,
    -0.09105004f,
    0,
    0.0795803f,
    0.1609302f,
    0.24611230f,
    0.33791524f,
    0.44070983f,
    0.562617f,
    0.72295684f,
    1
  };

  @Override
  public String opType() {
    return "MatMulBnb4";
  }

  @Override
  public ShapeRule shapeRule() {
    return MatMulNBits::shapes;
  }

  @Override
  public Optional<Reference> reference() {
    return Optional.of(context -> List.of(run(context)));
  }

  private static Tensor run(OpContext context) {
    Tensor a = context.tensor(0);
    int n = Math.toIntExact(context.node().intAttribute("N", 0));
    int k = Math.toIntExact(context.node().intAttribute("K", 0));
    if (context.node().intAttribute("transB", 1) != 1) {
      throw context.error("attribute 'transB' is not 1: other weights are not supported");
    }
    if (n < 1 || k < 1 || a.shape().rank() < 1 || a.shape().dim(-1) != k) {
      throw context.error("input %s for attributes 'K' %d and 'N' %d".formatted(a.shape(), k, n));
    }
    Tensor x = Reals.as(context, DType.FLOAT, a);
    GemmProblem problem =
        new GemmProblem(
            OperandTypes.FLOAT,
            Math.toIntExact(a.size() / k),
            n,
            k,
            GemmProblem.Transpose.B,
            Epilogue.NONE);
    Tensor y = context.allocate(DType.FLOAT, a.shape().with(-1, n));
    Products.run(
        context,
        problem,
        Quantization.allConstant(context, 1, 2),
        () -> Weights.of(weights(context, n, k).segment()),
        Operands.of(Products.memory(x), y.segment()));
    return Reals.as(context, a.dtype(), y);
  }

  /** The weights as floats, {@code [n, k]}. */
  private static Tensor weights(OpContext context, int n, int k) {
    long block = context.node().intAttribute("block_size", 0);
    long type = context.node().intAttribute("quant_type", -1);
    if (block < 16 || Long.bitCount(block) != 1 || type != 0 && type != 1) {
      throw context.error("attributes 'block_size' %d and 'quant_type' %d".formatted(block, type));
    }
    Tensor packed = context.tensor(1);
    Tensor largest = context.tensor(2);
    long size = (long) n * k;
    if (packed.size() != (size + 1) / 2 || largest.size() != Math.ceilDiv(size, block)) {
      throw context.error(
          "weights %s with 'absmax' %s for %d x %d"
              .formatted(packed.shape(), largest.shape(), n, k));
    }
    float[] table = type == 0 ? FP4 : NF4;
    Tensor w = context.allocate(DType.FLOAT, Shape.of(n, k));
    for (long i = 0; i < size; i++) {
      int pair = (int) packed.getLong(i / 2) & 255;
      w.setFloat(i, table[i % 2 == 0 ? pair >> 4 : pair & 15] * largest.getFloat(i / block));
    }
    return w;
  }
}
