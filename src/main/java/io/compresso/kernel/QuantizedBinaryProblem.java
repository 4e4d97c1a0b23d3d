package io.compresso.kernel;

import io.compresso.tensor.DType;

/**
 * The sum or the product of two 8-bit operands that stand for {@code (q - zeroPoint) * scale}, to a
 * result of the same type.
 *
 * <p>With {@code ra = leftScale / outputScale} and {@code rb = rightScale / outputScale}, the sum
 * is {@code saturate(rint(fma(a, ra, fma(b, rb, k))))} with {@code k = outputZeroPoint - za * ra -
 * zb * rb}, and the product {@code saturate(rint(fma((a - za) * (b - zb), r, outputZeroPoint)))}
 * with {@code r = leftScale * rightScale / outputScale}; constants are computed in double precision
 * and rounded once, the rest is in single precision. The output may be an operand itself that is as
 * large.
 *
 * @param type {@code UINT8} or {@code INT8}
 */
public record QuantizedBinaryProblem(
    Function function, DType type, Broadcast broadcast, Scale left, Scale right, Scale output)
    implements Problem {
  /** What is computed. */
  public enum Function {
    ADD,
    MUL
  }

  /** A scale, which must be positive, and a zero point. */
  public record Scale(float scale, int zeroPoint) {}

  /** The factor of {@code a}. */
  public float leftRatio() {
    return (float) ((double) left.scale() / output.scale());
  }

  /** The factor of {@code b}. */
  public float rightRatio() {
    return (float) ((double) right.scale() / output.scale());
  }

  /** The factor of products. */
  public float productRatio() {
    return (float) ((double) left.scale() * right.scale() / output.scale());
  }

  /** What sums begin with. */
  public float sumOffset() {
    return (float)
        (output.zeroPoint()
            - (double) left.zeroPoint() * leftRatio()
            - (double) right.zeroPoint() * rightRatio());
  }

  @Override
  public KernelFamily family() {
    return KernelFamily.QUANTIZED_BINARY;
  }

  @Override
  public long inputBytes() {
    return broadcast.leftCount();
  }

  @Override
  public long secondBytes() {
    return broadcast.rightCount();
  }

  @Override
  public long outputBytes() {
    return broadcast.count();
  }
}
