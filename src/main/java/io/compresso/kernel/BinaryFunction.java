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

  /** Whether the function of integers is one of integers. */
  public boolean takesIntegers() {
    return this != DIV && this != POW && this != PRELU;
  }

  /**
   * The function of two integers that is no comparison; it wraps.
   *
   * @throws IllegalStateException if there is none
   */
  public long apply(long a, long b) {
    return switch (this) {
      case ADD -> a + b;
      case SUB -> a - b;
      case MUL -> a * b;
      case MIN -> Math.min(a, b);
      case MAX -> Math.max(a, b);
      default -> throw new IllegalStateException(toString());
    };
  }

  /**
   * The comparison of two integers.
   *
   * @throws IllegalStateException if the function is none
   */
  public boolean holds(long a, long b) {
    return switch (this) {
      case EQUAL -> a == b;
      case LESS -> a < b;
      case LESS_OR_EQUAL -> a <= b;
      case GREATER -> a > b;
      case GREATER_OR_EQUAL -> a >= b;
      default -> throw new IllegalStateException(toString());
    };
  }
}
