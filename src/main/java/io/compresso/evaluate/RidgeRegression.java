package io.compresso.evaluate;

import java.util.Arrays;

/**
 * Linear least squares with an L2 penalty on the weights, by Cholesky decomposition of the normal
 * equations in double precision. Memory is quadratic in the number of features and does not grow
 * with the observations.
 */
final class RidgeRegression {
  private final int features;
  private final int targets;
  private final double[][] gram;
  private final double[][] moment;
  private long observations;

  /** A regression of {@code targets} numbers on {@code features} numbers and a constant. */
  RidgeRegression(int features, int targets) {
    this.features = features;
    this.targets = targets;
    this.gram = new double[features + 1][];
    for (int i = 0; i <= features; i++) {
      gram[i] = new double[i + 1];
    }
    this.moment = new double[features + 1][targets];
  }

  /**
   * A fitted regression.
   *
   * @param weights {@code [features][targets]}, row by row
   * @param intercepts one a target
   */
  record Solution(float[] weights, float[] intercepts) {}

  /** Adds an observation. */
  void add(double[] row, double[] target) {
    double[] extended = Arrays.copyOf(row, features + 1);
    extended[features] = 1;
    for (int i = 0; i <= features; i++) {
      double value = extended[i];
      if (value == 0) {
        continue;
      }
      double[] gramRow = gram[i];
      for (int j = 0; j <= i; j++) {
        gramRow[j] += value * extended[j];
      }
      for (int t = 0; t < targets; t++) {
        moment[i][t] += value * target[t];
      }
    }
    observations++;
  }

  /**
   * The solution.
   *
   * @param penalty of the squared weights, relative to the mean squared feature; not of the
   *     intercept
   */
  Solution solve(double penalty) {
    double trace = 0;
    for (int i = 0; i < features; i++) {
      trace += gram[i][i];
    }
    double ridge = penalty * trace / Math.max(1, features);
    double[][] lower = new double[features + 1][];
    for (int i = 0; i <= features; i++) {
      double[] row = gram[i].clone();
      // The constant's tiny penalty keeps the matrix definite when nothing was observed.
      row[i] += i < features ? ridge : 1e-12 * Math.max(1, observations);
      for (int j = 0; j <= i; j++) {
        double sum = row[j];
        double[] other = j == i ? row : lower[j];
        for (int k = 0; k < j; k++) {
          sum -= row[k] * other[k];
        }
        row[j] = i == j ? Math.sqrt(Math.max(sum, Double.MIN_NORMAL)) : sum / other[j];
      }
      lower[i] = row;
    }
    float[] weights = new float[features * targets];
    float[] intercepts = new float[targets];
    for (int t = 0; t < targets; t++) {
      double[] x = new double[features + 1];
      for (int i = 0; i <= features; i++) {
        double sum = moment[i][t];
        for (int k = 0; k < i; k++) {
          sum -= lower[i][k] * x[k];
        }
        x[i] = sum / lower[i][i];
      }
      for (int i = features; i >= 0; i--) {
        double sum = x[i];
        for (int k = i + 1; k <= features; k++) {
          sum -= lower[k][i] * x[k];
        }
        x[i] = sum / lower[i][i];
      }
      for (int i = 0; i < features; i++) {
        weights[i * targets + t] = (float) x[i];
      }
      intercepts[t] = (float) x[features];
    }
    return new Solution(weights, intercepts);
  }
}
