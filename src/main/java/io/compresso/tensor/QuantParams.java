package io.compresso.tensor;

import java.util.Arrays;
import java.util.OptionalInt;

/**
 * How real numbers map to integers: {@code real = scale * (q - zeroPoint)}, for the whole tensor or
 * for each index of one axis (ONNX {@code QuantizeLinear}).
 *
 * @param dtype the integer type
 * @param scales one, or one for each index of {@code axis}; finite and positive
 * @param zeroPoints as many as scales, each a value of {@code dtype}
 * @param axis the quantized axis, empty when there is one scale for the tensor
 */
public record QuantParams(DType dtype, float[] scales, int[] zeroPoints, OptionalInt axis) {
  public QuantParams {
    if (!dtype.isInteger()) {
      throw new IllegalArgumentException("quantized type " + dtype + " is not an integer type");
    }
    if (scales.length != zeroPoints.length || scales.length == 0) {
      throw new IllegalArgumentException(
          scales.length + " scales and " + zeroPoints.length + " zero points");
    }
    if (axis.isEmpty() && scales.length != 1) {
      throw new IllegalArgumentException(scales.length + " scales without an axis");
    }
    for (float scale : scales) {
      if (!(scale > 0) || Float.isInfinite(scale)) {
        throw new IllegalArgumentException("scale " + scale + " is not finite and positive");
      }
    }
    for (int zeroPoint : zeroPoints) {
      if (zeroPoint < dtype.minValue() || zeroPoint > dtype.maxValue()) {
        throw new IllegalArgumentException("zero point " + zeroPoint + " is outside " + dtype);
      }
    }
  }

  /** One scale and zero point for the whole tensor. */
  public static QuantParams perTensor(DType dtype, float scale, int zeroPoint) {
    return new QuantParams(dtype, new float[] {scale}, new int[] {zeroPoint}, OptionalInt.empty());
  }

  /** One scale for each index of {@code axis}, zero points 0. */
  public static QuantParams symmetric(DType dtype, float[] scales, int axis) {
    return new QuantParams(dtype, scales, new int[scales.length], OptionalInt.of(axis));
  }

  /** The integer for {@code real}: half to even, saturating (ONNX {@code QuantizeLinear}). */
  public int quantize(float real, int channel) {
    double q = Math.rint((double) (real / scales[channel])) + zeroPoints[channel];
    return (int) Math.max(dtype.minValue(), Math.min(dtype.maxValue(), q));
  }

  /** The real number that {@code q} stands for. */
  public float dequantize(int q, int channel) {
    return scales[channel] * (q - zeroPoints[channel]);
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof QuantParams(DType d, float[] s, int[] z, OptionalInt a)
        && d == dtype
        && Arrays.equals(s, scales)
        && Arrays.equals(z, zeroPoints)
        && a.equals(axis);
  }

  @Override
  public int hashCode() {
    return 31 * (31 * dtype.hashCode() + Arrays.hashCode(scales)) + Arrays.hashCode(zeroPoints);
  }

  @Override
  public String toString() {
    return dtype
        + " scale "
        + Arrays.toString(scales)
        + " zero point "
        + Arrays.toString(zeroPoints);
  }
}
