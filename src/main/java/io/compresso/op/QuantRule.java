package io.compresso.op;

/**
 * How an operator takes part in a quantized graph.
 *
 * @param role what quantization does with the operator
 * @param weightInput for {@link Role#WEIGHTED} the input that holds the weights
 * @param biasInput for {@link Role#WEIGHTED} the input that holds the bias, or -1
 * @param channelAxis for {@link Role#WEIGHTED} the axis of the weights' output channels, counted
 *     from the end when negative
 */
public record QuantRule(Role role, int weightInput, int biasInput, int channelAxis) {
  /** What quantization does with an operator. */
  public enum Role {
    /** Multiplies an activation with constant weights: weights are quantized per channel. */
    WEIGHTED,
    /** Computes on quantized activations and gives a quantized result of its own range. */
    ACTIVATION,
    /** Only moves or selects elements: its output keeps the quantization of its input. */
    PASS_THROUGH
  }

  public static QuantRule weighted(int weightInput, int biasInput, int channelAxis) {
    return new QuantRule(Role.WEIGHTED, weightInput, biasInput, channelAxis);
  }

  public static QuantRule activation() {
    return new QuantRule(Role.ACTIVATION, -1, -1, 0);
  }

  public static QuantRule passThrough() {
    return new QuantRule(Role.PASS_THROUGH, -1, -1, 0);
  }
}
