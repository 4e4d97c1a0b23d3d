package io.compresso.evaluate;

import java.util.Arrays;

/**
 * How often faster one thing is than another.
 *
 * @param median of the paired ratios
 * @param low their 10th percentile
 * @param high their 90th percentile
 */
public record Ratio(double median, double low, double high) {

  /** Of paired times: {@code before[i] / after[i]}. */
  public static Ratio of(double[] before, double[] after) {
    double[] ratios = new double[before.length];
    for (int i = 0; i < ratios.length; i++) {
      ratios[i] = before[i] / after[i];
    }
    Arrays.sort(ratios);
    return new Ratio(
        Percentiles.at(ratios, 0.5), Percentiles.at(ratios, 0.1), Percentiles.at(ratios, 0.9));
  }
}
