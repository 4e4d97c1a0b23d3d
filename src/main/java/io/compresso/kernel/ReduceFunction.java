package io.compresso.kernel;

/** What elements are folded to; NaN if one of them is NaN. */
public enum ReduceFunction {
  SUM,
  /** The sum by the count; NaN of no elements. */
  MEAN,
  /** Negative infinity of no elements. */
  MAX,
  /** Positive infinity of no elements. */
  MIN,
  /** The sum of magnitudes. */
  L1,
  /** The root of the sum of squares. */
  L2,
  SUM_OF_SQUARES,
  PRODUCT
}
