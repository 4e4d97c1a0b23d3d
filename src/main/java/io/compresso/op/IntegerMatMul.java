package io.compresso.op;

import io.compresso.kernel.WeightQuantization;
import io.compresso.tensor.DType;
import io.compresso.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/** A product of 8-bit matrices, scaled to floats. */
final class IntegerMatMul {
  private IntegerMatMul() {}

  /**
   * {@code (a - za) . (b - zb) * (sa * sb) + bias}.
   *
   * @param b the input with the right operand; its columns may have scales of their own
   */
  static Tensor run(
      OpContext context,
      Tensor a,
      float scaleA,
      int zeroA,
      int b,
      int scaleB,
      int zeroB,
      @Nullable Tensor bias) {
    Tensor right = context.tensor(b);
    int n = right.shape().rank() < 2 ? 1 : Math.toIntExact(right.shape().dim(-1));
    float[] scales = Quantization.scales(context, scaleB, n);
    Tensor sums =
        new MatrixProduct(
                a,
                right,
                DType.INT32,
                WeightQuantization.ofZeroPoints(Quantization.zeroPoints(context, zeroB, n)),
                zeroA)
            .run(context, Quantization.allConstant(context, b, zeroB));
    if (bias != null && bias.size() != n) {
      throw context.error("bias " + bias.shape() + " for " + n + " columns");
    }
    Tensor y = context.allocate(DType.FLOAT, sums.shape());
    for (long i = 0; i < y.size(); i++) {
      int column = (int) (i % n);
      float value = sums.getLong(i) * (scaleA * scales[scales.length == 1 ? 0 : column]);
      y.setFloat(i, bias == null ? value : value + bias.getFloat(column));
    }
    return y;
  }
}
