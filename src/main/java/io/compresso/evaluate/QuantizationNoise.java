package io.compresso.evaluate;

import org.jspecify.annotations.Nullable;

/**
 * How far apart correct runs of one quantized model may be. A difference in a float's last place,
 * which another order of additions makes, can move a value to the next step where activations are
 * quantized; the steps add up from layer to layer, until two correct runs differ as much as each
 * differs from the model in floats. So a bound in decibels alone does not tell a correct run of a
 * deep quantized model from a wrong one; what ONNX Runtime differs from itself does.
 *
 * <p>Ratios are signal-to-noise ratios in decibels, the least of a model's float outputs; null
 * where they are equal.
 *
 * @param peerDb of ONNX Runtime against itself, with its graph optimizations and without
 * @param oursToOriginalDb of our outputs against the original in floats
 * @param peerToOriginalDb of ONNX Runtime's outputs against the original in floats
 */
public record QuantizationNoise(
    @Nullable Double peerDb, @Nullable Double oursToOriginalDb, @Nullable Double peerToOriginalDb) {
  /** What chance makes of such ratios. */
  private static final double MARGIN_DB = 1;

  /**
   * Whether our outputs are as near to ONNX Runtime's as these are to themselves, and as near to
   * the original's as these are, within 1 dB.
   */
  boolean explains(Agreement agreement) {
    return isAtLeast(agreement.decibels(), peerDb) && isAtLeast(oursToOriginalDb, peerToOriginalDb);
  }

  private static boolean isAtLeast(@Nullable Double ratio, @Nullable Double other) {
    return ratio == null || other != null && ratio >= other - MARGIN_DB;
  }
}
