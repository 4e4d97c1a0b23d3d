package io.compresso.technique.quantize;

import io.compresso.tensor.DType;
import io.compresso.tensor.QuantParams;

/** The interval of real numbers that a quantized tensor represents. */
record Range(float low, float high) {
  Range {
    if (!(low <= high) || Float.isInfinite(low) || Float.isInfinite(high)) {
      throw new IllegalArgumentException("range " + low + " to " + high);
    }
  }

  Range union(Range other) {
    return new Range(Math.min(low, other.low), Math.max(high, other.high));
  }

  /** The largest magnitude. */
  float magnitude() {
    return Math.max(Math.abs(low), Math.abs(high));
  }

  /**
   * Scale and zero point that represent the range, widened to hold 0, which is represented exactly.
   *
   * @param symmetric whether the zero point is the middle of the type
   */
  QuantParams toParams(DType dtype, boolean symmetric) {
    long min = dtype.minValue();
    long max = dtype.maxValue();
    if (symmetric) {
      int zeroPoint = (int) (dtype.isSigned() ? 0 : (max + 1) / 2);
      float scale = (float) ((double) magnitude() / (max - zeroPoint));
      return QuantParams.perTensor(dtype, usable(scale), zeroPoint);
    }
    double lo = Math.min(low, 0);
    double hi = Math.max(high, 0);
    float scale = usable((float) ((hi - lo) / (max - min)));
    long zeroPoint = Math.round(min - lo / scale);
    return QuantParams.perTensor(dtype, scale, (int) Math.max(min, Math.min(max, zeroPoint)));
  }

  /** The scale, or 1 for a range so narrow that its reciprocal would not be finite. */
  static float usable(float scale) {
    return scale >= Float.MIN_NORMAL ? scale : 1f;
  }
}
