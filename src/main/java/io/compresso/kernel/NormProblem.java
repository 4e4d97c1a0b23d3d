package io.compresso.kernel;

import io.compresso.tensor.DType;

/**
 * Normalization of rows: {@code y = (v - mean) / sqrt(variance + epsilon) * scale[i] + bias[i]}, or
 * of root mean square {@code y = v / sqrt(mean(v^2) + epsilon) * scale[i] + bias[i]}, with {@code v
 * = x + skip}. The variance is that of the population. Scale and bias are the constants {@link
 * Weights#data()} and {@link Weights#bias()}, of {@code type}, one for each element of a row; a
 * scale that is not constant is the second operand. The skip is the third operand, of the input's
 * shape. Computed in single precision, in which squares may overflow. The output may be the input
 * or the skip itself.
 *
 * @param length elements of a row
 * @param terms which of scale, bias and skip there are
 */
public record NormProblem(Kind kind, DType type, long rows, int length, float epsilon, Terms terms)
    implements Problem {
  /** What is taken out of a row. */
  public enum Kind {
    /** Mean and deviation (Ba, Kiros and Hinton, 2016). */
    LAYER,
    /** The root mean square (Zhang and Sennrich, 2019). */
    RMS
  }

  /** Which optional operands there are. */
  public record Terms(boolean scale, boolean bias, boolean skip) {
    public static final Terms SCALE = new Terms(true, false, false);
    public static final Terms SCALE_AND_BIAS = new Terms(true, true, false);
  }

  public NormProblem {
    Sizes.require("rows", rows);
    Sizes.require("length", length);
  }

  @Override
  public KernelFamily family() {
    return KernelFamily.NORM;
  }

  @Override
  public long inputBytes() {
    return type.bytes(Sizes.product(rows, length));
  }

  @Override
  public long secondBytes() {
    return terms.scale() ? type.bytes(length) : 0;
  }

  @Override
  public long thirdBytes() {
    return terms.skip() ? inputBytes() : 0;
  }

  @Override
  public long biasBytes() {
    return terms.bias() ? type.bytes(length) : 0;
  }

  @Override
  public long outputBytes() {
    return inputBytes();
  }
}
