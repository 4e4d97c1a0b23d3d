package io.compresso.kernel;

/** Functions of two elements {@code a} and {@code b}, as ONNX defines the operators. */
public enum BinaryFunction {
  ADD,
  SUB,
  MUL,
  DIV,
  /** The lesser one; NaN when one is NaN. */
  MIN,
  /** The greater one; NaN when one is NaN. */
  MAX,
  /** {@code a} to the power of {@code b}. */
  POW,
  /** {@code a < 0 ? a * b : a}. */
  PRELU,
  EQUAL,
  LESS,
  LESS_OR_EQUAL,
  GREATER,
  GREATER_OR_EQUAL;

  /** Whether the result is a boolean. */
  public boolean isComparison() {
    return compareTo(EQUAL) >= 0;
  }
}
