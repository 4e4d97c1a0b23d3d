package io.compresso.kernel.jit.x86;

/** The arrays of constants of the columns, in the order in which they follow one another. */
enum ColumnTerms {
  /** What a sum begins with: the bias, in integers for integer sums. */
  START,
  /** The factor of an integer sum. */
  SCALE,
  /** By which the input's zero point is multiplied before it is subtracted from the start. */
  ZERO_POINT_FACTOR,
  /** The weights' zero point. */
  WEIGHT_ZERO_POINT,
  /** A bias in floats of an integer sum. */
  FLOAT_BIAS
}
