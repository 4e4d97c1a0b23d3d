package io.compresso.kernel;

/**
 * What happens to each sum before it is stored.
 *
 * <p>Float problems: {@code y = clip(sum + bias[channel])}. 8-bit problems, by output type:
 *
 * <ul>
 *   <li>{@code INT32}: {@code y = sum + bias[channel]}, wrapping; the clip is not applied.
 *   <li>{@code FLOAT}: {@code y = clip(sum * (inputScale * scale[channel]) + bias[channel])}, the
 *       bias in floats.
 *   <li>{@code UINT8}, {@code INT8}: {@code y = saturate(rint((sum + bias[channel]) *
 *       scale[channel]) + outputZeroPoint)}, the bias in 32-bit integers, the product in single
 *       precision, halves to even; then clipped to {@code [low, high]}, which count in quantized
 *       steps. NaN becomes the least value.
 * </ul>
 *
 * <p>The clip lets NaN through in float outputs.
 *
 * @param bias whether {@link Weights#bias()} is added
 * @param low the least result, {@code -Infinity} for none
 * @param high the greatest result, {@code +Infinity} for none
 */
public record Epilogue(boolean bias, float low, float high) {
  /** Stores the sum. */
  public static final Epilogue NONE =
      new Epilogue(false, Float.NEGATIVE_INFINITY, Float.POSITIVE_INFINITY);

  /** Adds the bias. */
  public static final Epilogue BIAS = NONE.withBias(true);

  public Epilogue {
    if (!(low <= high)) {
      throw new IllegalArgumentException("clip range [%s, %s]".formatted(low, high));
    }
  }

  public Epilogue withBias(boolean newBias) {
    return new Epilogue(newBias, low, high);
  }

  public Epilogue withClip(float newLow, float newHigh) {
    return new Epilogue(bias, newLow, newHigh);
  }

  /** {@code max(0, y)} of a float output. */
  public Epilogue withRelu() {
    return withClip(0, Float.POSITIVE_INFINITY);
  }

  /** Whether any result can be changed by the clip. */
  public boolean clips() {
    return low != Float.NEGATIVE_INFINITY || high != Float.POSITIVE_INFINITY;
  }
}
