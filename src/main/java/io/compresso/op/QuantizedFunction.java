package io.compresso.op;

import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;

/** Real functions of quantized tensors: to reals, and back to 8 bits. */
final class QuantizedFunction {
  private QuantizedFunction() {}

  /** What the quantized input stands for; its scale and zero point follow it. */
  static double[] reals(OpContext context, int input) {
    Tensor x = context.tensor(input);
    double scale = Quantization.scale(context, input + 1);
    int zeroPoint = Quantization.zeroPoint(context, input + 2);
    double[] values = Reals.doubles(x);
    for (int i = 0; i < values.length; i++) {
      values[i] = (values[i] - zeroPoint) * scale;
    }
    return values;
  }

  /** The values in the type of input {@code like}, by the scale and zero point of an input. */
  static Tensor quantize(
      OpContext context, double[] values, Shape shape, int like, int scaleInput) {
    Tensor y = context.allocate(context.tensor(like).dtype(), shape);
    float scale = Quantization.scale(context, scaleInput);
    int zeroPoint = Quantization.zeroPoint(context, scaleInput + 1);
    long low = y.dtype().minValue();
    long high = y.dtype().maxValue();
    for (int i = 0; i < values.length; i++) {
      double q = Math.rint((double) ((float) values[i] / scale)) + zeroPoint;
      y.setLong(i, (long) Math.max(low, Math.min(high, q)));
    }
    return y;
  }
}
