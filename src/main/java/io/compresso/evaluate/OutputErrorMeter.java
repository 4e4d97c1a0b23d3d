package io.compresso.evaluate;

import io.compresso.tensor.Tensor;

/** Sums the differences between two models' values of one output. */
public final class OutputErrorMeter {
  /** What stands for "no signal left". */
  private static final double WORST_DB = -300;

  private double signal;
  private double noise;
  private double maxError;
  private long elements;
  private long equal;

  /** Adds the first {@code count} elements of both. */
  public void add(Tensor parent, Tensor child, long count) {
    for (long i = 0; i < count; i++) {
      double expected = parent.getDouble(i);
      double actual = child.getDouble(i);
      elements++;
      if (expected == actual || (Double.isNaN(expected) && Double.isNaN(actual))) {
        equal++;
        signal += Double.isFinite(expected) ? expected * expected : 0;
        continue;
      }
      double error = Math.abs(expected - actual);
      signal += expected * expected;
      noise += error * error;
      maxError = Double.isNaN(error) ? Double.POSITIVE_INFINITY : Math.max(maxError, error);
    }
  }

  /** The sums as figures. */
  public OutputError result(String output) {
    Double sqnr = null;
    if (noise != 0) {
      boolean usable = Double.isFinite(noise) && Double.isFinite(signal) && signal > 0;
      sqnr = usable ? Math.max(WORST_DB, 10 * Math.log10(signal / noise)) : WORST_DB;
    }
    return new OutputError(
        output,
        elements,
        sqnr,
        Math.min(maxError, Double.MAX_VALUE),
        elements == 0 ? 1 : (double) equal / elements);
  }
}
