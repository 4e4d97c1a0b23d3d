package io.compresso.kernel;

/**
 * The constants of an 8-bit product, per output channel or, with arrays of length 1, for all.
 *
 * <p>The arrays are shared with the caller, who must not change them.
 */
public final class WeightQuantization {
  /** Zero points 0, scales 1. */
  public static final WeightQuantization NONE =
      new WeightQuantization(new int[] {0}, new float[] {1}, 0);

  private final int[] zeroPoints;
  private final float[] scales;
  private final int outputZeroPoint;

  /**
   * @param zeroPoints zero points of the weights
   * @param scales factors of the sums: {@code sx * sw / sy} for 8-bit outputs, {@code sw} for float
   *     outputs (the input's scale comes with the run)
   * @param outputZeroPoint zero point of an 8-bit output
   */
  public WeightQuantization(int[] zeroPoints, float[] scales, int outputZeroPoint) {
    this.zeroPoints = zeroPoints;
    this.scales = scales;
    this.outputZeroPoint = outputZeroPoint;
  }

  /** Zero points of the weights alone, for {@code INT32} outputs. */
  public static WeightQuantization ofZeroPoints(int... zeroPoints) {
    return new WeightQuantization(zeroPoints, new float[] {1}, 0);
  }

  public WeightQuantization withOutputZeroPoint(int newOutputZeroPoint) {
    return new WeightQuantization(zeroPoints, scales, newOutputZeroPoint);
  }

  public int zeroPoint(int channel) {
    return zeroPoints[zeroPoints.length == 1 ? 0 : channel];
  }

  /** The least zero point. */
  public int leastZeroPoint() {
    int least = Integer.MAX_VALUE;
    for (int zeroPoint : zeroPoints) {
      least = Math.min(least, zeroPoint);
    }
    return least;
  }

  /** The greatest zero point. */
  public int greatestZeroPoint() {
    int greatest = Integer.MIN_VALUE;
    for (int zeroPoint : zeroPoints) {
      greatest = Math.max(greatest, zeroPoint);
    }
    return greatest;
  }

  public float scale(int channel) {
    return scales[scales.length == 1 ? 0 : channel];
  }

  public int outputZeroPoint() {
    return outputZeroPoint;
  }

  /** Whether all factors are between -1 and 1, so that no sum of 32 bits leaves them. */
  public boolean scalesDown() {
    for (float scale : scales) {
      if (!(Math.abs(scale) < 1)) {
        return false;
      }
    }
    return true;
  }

  /** Whether all weights have the zero point 0. */
  public boolean isSymmetric() {
    for (int zeroPoint : zeroPoints) {
      if (zeroPoint != 0) {
        return false;
      }
    }
    return true;
  }

  /**
   * Checks the arrays' lengths.
   *
   * @throws IllegalArgumentException if one is neither 1 nor {@code channels}
   */
  public void requireChannels(int channels) {
    requireLength("zero points", zeroPoints.length, channels);
    requireLength("scales", scales.length, channels);
  }

  private static void requireLength(String what, int length, int channels) {
    if (length != 1 && length != channels) {
      throw new IllegalArgumentException(
          "%d weight %s for %d output channels".formatted(length, what, channels));
    }
  }
}
