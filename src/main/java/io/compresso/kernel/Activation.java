package io.compresso.kernel;

/**
 * A function of one float, as ONNX defines the operators of these names with their default
 * attributes.
 */
public enum Activation {
  /** {@code x}. */
  NONE,
  /** {@code 1 / (1 + exp(-x))}. */
  SIGMOID,
  TANH,
  /** {@code x / 2 * (1 + erf(x / sqrt(2)))}. */
  GELU,
  /** {@code x / 2 * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 * x^3)))}. */
  GELU_TANH,
  /** {@code x * sigmoid(x)}. */
  SWISH,
  /** {@code x * max(0, min(1, x / 6 + 1 / 2))}. */
  HARD_SWISH
}
