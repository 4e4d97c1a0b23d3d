package io.compresso.kernel;

import io.compresso.tensor.DType;

/**
 * Elements of {@code [outer][channels][inner]} in another type, with a scale {@code s} and a zero
 * point {@code z} for each channel or for all ({@link Weights#quantization()}). By the types:
 *
 * <ul>
 *   <li>float to integer, quantization: {@code saturate(rint(x / s) + z)}.
 *   <li>integer to float, dequantization: {@code (x - z) * s}.
 *   <li>integer to integer, requantization: {@code saturate(rint((x - z) * s) + zy)} with the
 *       output's zero point {@code zy}.
 *   <li>float to float: {@code x}, rounded to the nearest, halves to even; no scales.
 * </ul>
 *
 * <p>All in single precision, halves to even; NaN becomes the least integer. The scale is the
 * channel's times {@link Operands#inputScale()}, and the zero point the channel's plus {@link
 * Operands#inputZeroPoint()}, so that those that only a run knows can come with it. The output may
 * be the input itself if the types are equally large.
 *
 * @param from float types, integers of 8, 16 and 32 bits
 * @param to float types, integers of 8 and 16 bits
 * @param inner elements that share a scale in succession
 */
public record ConvertProblem(DType from, DType to, long outer, int channels, long inner)
    implements Problem {
  public ConvertProblem {
    Sizes.require("outer", outer);
    Sizes.require("channels", channels);
    Sizes.require("inner", inner);
  }

  /** {@code count} elements of one scale. */
  public static ConvertProblem of(DType from, DType to, long count) {
    return new ConvertProblem(from, to, 1, 1, count);
  }

  /** Elements. */
  public long count() {
    return Sizes.product(outer, channels, inner);
  }

  @Override
  public KernelFamily family() {
    return KernelFamily.CONVERT;
  }

  @Override
  public long inputBytes() {
    return from.bytes(count());
  }

  @Override
  public long outputBytes() {
    return to.bytes(count());
  }

  @Override
  public int outputChannels() {
    return channels;
  }
}
