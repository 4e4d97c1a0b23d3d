package io.compresso.technique.quantize;

import io.compresso.technique.JobSpec;
import io.compresso.technique.quantize.QuantizeParams.RoundingKind;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** Rounds the weights of a layer to a grid, with what is known of the layer's inputs. */
final class Rounding {
  private static final int FEWEST_STEPS = 50;
  private static final int MOST_STEPS = 600;

  /** What a slow machine does in a second, so that a job gives the same bytes on any. */
  private static final double MACS_PER_SECOND = 5e9;

  private static final double SHARE = 0.2;

  private final QuantizeParams.Weights parameters;
  private final double macsPerLayer;

  /**
   * Rounds as the parameters say.
   *
   * @param budget of the job, by which steps of learning are counted, not timed
   * @param layers how many layers share it
   */
  Rounding(QuantizeParams.Weights parameters, JobSpec.Budget budget, int layers) {
    this.parameters = parameters;
    this.macsPerLayer = budget.maxMinutes() * 60 * SHARE * MACS_PER_SECOND / Math.max(1, layers);
  }

  private int steps(WeightMatrix matrix) {
    double macs = (double) matrix.values().length * matrix.depth();
    return (int) Math.max(FEWEST_STEPS, Math.min(MOST_STEPS, macsPerLayer / macs));
  }

  /**
   * The integers of the weights, {@code [rows, depth]}.
   *
   * @param grams one for each group of the matrix, null when the inputs were not observed: then
   *     weights are rounded to nearest
   */
  int[] round(WeightMatrix matrix, Grid grid, float @Nullable [][] grams) {
    if (grams == null || parameters.rounding() == RoundingKind.NEAREST) {
      return nearest(matrix.values(), matrix.rows(), matrix.depth(), grid);
    }
    int rows = matrix.rows() / matrix.groups();
    int depth = matrix.depth();
    int[] result = new int[matrix.values().length];
    for (int group = 0; group < matrix.groups(); group++) {
      int from = group * rows;
      float[] part = Arrays.copyOfRange(matrix.values(), from * depth, (from + rows) * depth);
      Grid own = grid.rows(from, rows);
      int[] rounded =
          parameters.rounding() == RoundingKind.GPTQ
              ? new Gptq(parameters.damping(), parameters.actOrder())
                  .round(part, rows, depth, own, grams[group])
              : new AdaRound(steps(matrix)).round(part, rows, depth, own, grams[group]);
      System.arraycopy(rounded, 0, result, from * depth, rounded.length);
    }
    return result;
  }

  /** Each weight rounded to the nearest integer of the grid. */
  static int[] nearest(float[] weights, int rows, int depth, Grid grid) {
    int[] result = new int[weights.length];
    for (int r = 0; r < rows; r++) {
      for (int k = 0; k < depth; k++) {
        int i = r * depth + k;
        result[i] = grid.quantize(weights[i], grid.at(r, k));
      }
    }
    return result;
  }

  /** The sum of squared errors of each row's outputs over the inputs that the Gram matrix holds. */
  static double[] errors(
      float[] weights, int rows, int depth, Grid grid, float[] gram, int[] integers) {
    double[] errors = new double[rows];
    float[] error = new float[depth];
    for (int r = 0; r < rows; r++) {
      for (int k = 0; k < depth; k++) {
        int i = r * depth + k;
        error[k] = grid.dequantize(integers[i], grid.at(r, k)) - weights[i];
      }
      for (int k = 0; k < depth; k++) {
        double sum = 0;
        int row = k * depth;
        for (int j = 0; j < depth; j++) {
          sum += (double) gram[row + j] * error[j];
        }
        errors[r] += error[k] * sum;
      }
    }
    return errors;
  }
}
