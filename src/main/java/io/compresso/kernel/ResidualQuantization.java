package io.compresso.kernel;

/**
 * The constants with which a residual is added to an 8-bit product ({@link Epilogue.Residual}).
 *
 * @param sumScale {@code ss / sy}: the scale of the quantized sum over the output's
 * @param sumZeroPoint zero point of the quantized sum
 * @param residualScale {@code sr / sy}: the residual's scale over the output's
 * @param residualZeroPoint zero point of the residual
 */
public record ResidualQuantization(
    float sumScale, int sumZeroPoint, float residualScale, int residualZeroPoint) {
  /** Scales 1, zero points 0. */
  public static final ResidualQuantization NONE = new ResidualQuantization(1, 0, 1, 0);
}
