package io.compresso.kernel;

/**
 * Functions of one element {@code x} with the parameters {@code alpha} and {@code beta} of a {@link
 * UnaryProblem}, as ONNX defines the operators of these names. NaN gives NaN, and so does an
 * infinity that the formula multiplies by 0.
 */
public enum UnaryFunction {
  /** {@code max(0, x)}. */
  RELU,
  /** {@code x < 0 ? alpha * x : x}. */
  LEAKY_RELU,
  /** {@code min(max(x, alpha), beta)}. */
  CLIP,
  /** {@code alpha * x + beta}, rounded twice. */
  AFFINE,
  ABS,
  NEG,
  SQRT,
  /** {@code 1 / x}. */
  RECIPROCAL,
  /** Towards negative infinity. */
  FLOOR,
  /** Towards positive infinity. */
  CEIL,
  /** To the nearest, halves to even. */
  ROUND,
  EXP,
  LOG,
  ERF,
  /** {@code 1 / (1 + exp(-x))}. */
  SIGMOID,
  TANH,
  /** {@code x / 2 * (1 + erf(x / sqrt(2)))}. */
  GELU,
  /** {@code x / 2 * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 * x^3)))}. */
  GELU_TANH,
  /** {@code x * sigmoid(alpha * x)}. */
  SWISH,
  /** {@code max(0, min(1, alpha * x + beta))}. */
  HARD_SIGMOID,
  /** {@code x * max(0, min(1, x / 6 + 1 / 2))}. */
  HARD_SWISH,
  /** {@code x < 0 ? alpha * (exp(x) - 1) : x}. */
  ELU,
  /** {@code log(exp(x) + 1)}. */
  SOFTPLUS,
  /** {@code x / (1 + |x|)}. */
  SOFTSIGN,
  /** {@code x * tanh(softplus(x))}. */
  MISH
}
