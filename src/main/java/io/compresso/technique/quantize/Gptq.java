package io.compresso.technique.quantize;

import java.util.Comparator;
import java.util.stream.IntStream;

/**
 * Rounds weights one input at a time and lets the inputs that follow make up for the error; E.
 * Frantar et al., "GPTQ: Accurate Post-Training Quantization for Generative Pre-trained
 * Transformers", ICLR 2023. Scales are those of the grid, found before.
 *
 * @param damping the share of the Gram matrix's mean diagonal that is added to the diagonal
 * @param actOrder whether inputs of large energy come first
 */
record Gptq(double damping, boolean actOrder) {

  /**
   * The integers of the weights.
   *
   * @param weights {@code [rows, depth]}
   * @param gram {@code [depth, depth]}, sums of products of inputs
   */
  int[] round(float[] weights, int rows, int depth, Grid grid, float[] gram) {
    int[] order = order(gram, depth);
    double[][] factor = factor(gram, depth, order);
    float[][] columns = new float[depth][rows];
    for (int i = 0; i < depth; i++) {
      for (int r = 0; r < rows; r++) {
        columns[i][r] = weights[r * depth + order[i]];
      }
    }
    int[] result = new int[weights.length];
    float[] errors = new float[rows];
    for (int i = 0; i < depth; i++) {
      int k = order[i];
      float diagonal = (float) factor[i][0];
      for (int r = 0; r < rows; r++) {
        int at = grid.at(r, k);
        int q = grid.quantize(columns[i][r], at);
        result[r * depth + k] = q;
        errors[r] = (columns[i][r] - grid.dequantize(q, at)) / diagonal;
      }
      for (int j = i + 1; j < depth; j++) {
        float share = (float) factor[i][j - i];
        float[] column = columns[j];
        for (int r = 0; r < rows; r++) {
          column[r] -= errors[r] * share;
        }
      }
    }
    return result;
  }

  private int[] order(float[] gram, int depth) {
    IntStream all = IntStream.range(0, depth);
    if (!actOrder) {
      return all.toArray();
    }
    return all.boxed()
        .sorted(Comparator.comparingDouble((Integer k) -> -gram[k * depth + k]))
        .mapToInt(Integer::intValue)
        .toArray();
  }

  /**
   * The upper Cholesky factor of the inverse of the damped matrix, in order; row {@code i} begins
   * at the diagonal.
   */
  private double[][] factor(float[] gram, int depth, int[] order) {
    double mean = 0;
    for (int k = 0; k < depth; k++) {
      mean += gram[k * depth + k] / (double) depth;
    }
    double damp = mean > 0 ? damping * mean : 1;
    // With the order reversed, H = L L^T gives H^-1 = U^T U for U = J L^-1 J, J the reversal.
    double[][] lower = new double[depth][];
    for (int i = 0; i < depth; i++) {
      int a = order[depth - 1 - i];
      lower[i] = new double[i + 1];
      for (int j = 0; j <= i; j++) {
        int b = order[depth - 1 - j];
        double sum = gram[a * depth + b] + (i == j ? damp : 0);
        double[] left = lower[i];
        double[] right = lower[j];
        for (int k = 0; k < j; k++) {
          sum -= left[k] * right[k];
        }
        lower[i][j] = i == j ? Math.sqrt(Math.max(sum, 1e-12 * damp)) : sum / right[j];
      }
    }
    double[][] inverse = inverse(lower);
    double[][] upper = new double[depth][];
    for (int i = 0; i < depth; i++) {
      int row = depth - 1 - i;
      upper[i] = new double[depth - i];
      for (int j = i; j < depth; j++) {
        upper[i][j - i] = inverse[row][depth - 1 - j];
      }
    }
    return upper;
  }

  private static double[][] inverse(double[][] lower) {
    int size = lower.length;
    double[][] inverse = new double[size][];
    for (int i = 0; i < size; i++) {
      double[] row = new double[i + 1];
      for (int k = 0; k < i; k++) {
        double factor = -lower[i][k];
        double[] above = inverse[k];
        for (int j = 0; j <= k; j++) {
          row[j] += factor * above[j];
        }
      }
      for (int j = 0; j < i; j++) {
        row[j] /= lower[i][i];
      }
      row[i] = 1 / lower[i][i];
      inverse[i] = row;
    }
    return inverse;
  }
}
