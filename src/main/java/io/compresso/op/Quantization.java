package io.compresso.op;

import io.compresso.kernel.WeightQuantization;
import io.compresso.tensor.Tensor;

/** Scales and zero points as quantized operators take them. */
final class Quantization {
  private Quantization() {}

  /** The one scale of an input. */
  static float scale(OpContext context, int input) {
    Tensor scale = context.tensor(input);
    if (scale.size() != 1) {
      throw context.error("scale (input " + input + ") of shape " + scale.shape());
    }
    return scale.getFloat(0);
  }

  /** The one zero point of an input, 0 when it is omitted. */
  static int zeroPoint(OpContext context, int input) {
    Tensor zeroPoint = context.tensorOrNull(input);
    if (zeroPoint == null) {
      return 0;
    }
    if (zeroPoint.size() != 1) {
      throw context.error("zero point (input " + input + ") of shape " + zeroPoint.shape());
    }
    return (int) zeroPoint.getLong(0);
  }

  /** The zero points of weights: one, or one an output channel. */
  static int[] zeroPoints(OpContext context, int input, long channels) {
    Tensor zeroPoint = context.tensorOrNull(input);
    if (zeroPoint == null) {
      return new int[] {0};
    }
    require(context, "zero point", input, zeroPoint, channels);
    int[] values = new int[(int) zeroPoint.size()];
    for (int i = 0; i < values.length; i++) {
      values[i] = (int) zeroPoint.getLong(i);
    }
    return values;
  }

  /** The scales of weights: one, or one an output channel. */
  static float[] scales(OpContext context, int input, long channels) {
    Tensor scale = context.tensor(input);
    require(context, "scale", input, scale, channels);
    return scale.toFloats();
  }

  private static void require(
      OpContext context, String what, int input, Tensor tensor, long channels) {
    if (tensor.size() != 1 && tensor.size() != channels) {
      throw context.error(
          "%s (input %d) of shape %s for %d output channels"
              .formatted(what, input, tensor.shape(), channels));
    }
  }

  /** Sums of products to an 8-bit output: factors {@code sx * sw[c] / sy}. */
  static WeightQuantization requantizing(
      float inputScale, float[] weightScales, int[] zeroPoints, float outputScale, int outputZero) {
    float[] factors = new float[weightScales.length];
    for (int i = 0; i < factors.length; i++) {
      factors[i] = inputScale * weightScales[i] / outputScale;
    }
    return new WeightQuantization(zeroPoints, factors, outputZero);
  }

  /** Whether all of the named inputs are constants. */
  static boolean allConstant(OpContext context, int... inputs) {
    for (int input : inputs) {
      if (context.node().input(input) != null && !context.isConstant(input)) {
        return false;
      }
    }
    return true;
  }
}
