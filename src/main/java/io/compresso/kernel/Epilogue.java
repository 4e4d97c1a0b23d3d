package io.compresso.kernel;

/**
 * What happens to each sum before it is stored.
 *
 * <p>Float problems: {@code y = clip(activation(sum + bias[channel] + residual))}. 8-bit problems,
 * by output type:
 *
 * <ul>
 *   <li>{@code INT32}: {@code y = sum + bias[channel]}, wrapping; nothing else is applied.
 *   <li>{@code FLOAT}: {@code y = clip(activation(sum * (inputScale * scale[channel]) +
 *       bias[channel] + residual))}, the bias in floats.
 *   <li>{@code UINT8}, {@code INT8}: {@code y = saturate(rint(t) + outputZeroPoint)} with {@code t
 *       = (sum + bias[channel]) * scale[channel]}, the bias in 32-bit integers, the product in
 *       single precision, halves to even; then clipped to {@code [low, high]}, which count in
 *       quantized steps. NaN becomes the least value. There is no activation. With {@link
 *       Residual}, {@code t} has more to it.
 * </ul>
 *
 * <p>The clip lets NaN through in float outputs.
 *
 * @param bias whether {@link Weights#bias()} is added
 * @param activation applied to float outputs
 * @param residual whether and how {@link Operands#third()} is added
 * @param low the least result, {@code -Infinity} for none
 * @param high the greatest result, {@code +Infinity} for none
 */
public record Epilogue(
    boolean bias, Activation activation, Residual residual, float low, float high) {
  /** How another tensor of the output's shape and type, {@code r}, is added. */
  public enum Residual {
    NONE,
    /**
     * As it is; to 8-bit outputs as {@code t + (r - residualZeroPoint) * residualScale}, with the
     * constants of {@link ResidualQuantization}, each operation rounded to single precision.
     */
    ADDED,
    /**
     * 8-bit outputs only: the sum is quantized to the output's type first, {@code q =
     * saturate(rint(t) + sumZeroPoint)}, as a graph does that quantizes between convolution and
     * addition. Then {@code t' = (q - sumZeroPoint) * sumScale + (r - residualZeroPoint) *
     * residualScale} takes the place of {@code t}, each operation rounded to single precision.
     */
    ADDED_TO_QUANTIZED
  }

  /** Stores the sum. */
  public static final Epilogue NONE =
      new Epilogue(
          false, Activation.NONE, Residual.NONE, Float.NEGATIVE_INFINITY, Float.POSITIVE_INFINITY);

  /** Adds the bias. */
  public static final Epilogue BIAS = NONE.withBias(true);

  public Epilogue {
    if (!(low <= high)) {
      throw new IllegalArgumentException("clip range [%s, %s]".formatted(low, high));
    }
  }

  public Epilogue withBias(boolean newBias) {
    return new Epilogue(newBias, activation, residual, low, high);
  }

  public Epilogue withActivation(Activation newActivation) {
    return new Epilogue(bias, newActivation, residual, low, high);
  }

  public Epilogue withResidual(Residual newResidual) {
    return new Epilogue(bias, activation, newResidual, low, high);
  }

  public Epilogue withClip(float newLow, float newHigh) {
    return new Epilogue(bias, activation, residual, newLow, newHigh);
  }

  /** {@code max(0, y)} of a float output. */
  public Epilogue withRelu() {
    return withClip(0, Float.POSITIVE_INFINITY);
  }

  /** Whether any result can be changed by the clip. */
  public boolean clips() {
    return low != Float.NEGATIVE_INFINITY || high != Float.POSITIVE_INFINITY;
  }

  /** Whether nothing but bias and clip is applied, or what else is. */
  public Acceptance isPlain() {
    return activation == Activation.NONE && residual == Residual.NONE
        ? Acceptance.YES
        : Acceptance.no("an epilogue with activation " + activation + " and residual " + residual);
  }
}
