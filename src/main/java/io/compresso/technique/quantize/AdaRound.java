package io.compresso.technique.quantize;

import io.compresso.kernel.GemmProblem;
import io.compresso.kernel.KernelCatalog;
import io.compresso.kernel.Operands;
import io.compresso.kernel.PreparedKernel;
import io.compresso.kernel.Weights;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Learns for each weight whether it is rounded up or down so that the layer's output changes least;
 * M. Nagel et al., "Up or Down? Adaptive Rounding for Post-Training Quantization", ICML 2020. The
 * squared error of the output is a quadratic form of the weights' errors in the Gram matrix of the
 * inputs, so its gradient is known in closed form, and no sample is needed after calibration.
 *
 * @param iterations steps of Adam
 */
record AdaRound(int iterations) {
  private static final float STRETCH_LOW = -0.1f;
  private static final float STRETCH_HIGH = 1.1f;
  private static final float RATE = 0.02f;
  private static final float REGULARIZATION = 0.2f;
  private static final double WARM_UP = 0.2;
  private static final double FIRST_BETA = 20;
  private static final double LAST_BETA = 2;

  /**
   * The integers of the weights; in rows where nothing was gained, those of rounding to nearest.
   *
   * @param weights {@code [rows, depth]}
   * @param gram {@code [depth, depth]}, sums of products of inputs
   */
  int[] round(float[] weights, int rows, int depth, Grid grid, float[] gram) {
    double mean = 0;
    for (int k = 0; k < depth; k++) {
      mean += gram[k * depth + k] / (double) depth;
    }
    int[] nearest = Rounding.nearest(weights, rows, depth, grid);
    if (!(mean > 0)) {
      return nearest;
    }
    int size = rows * depth;
    float[] scale = new float[size];
    float[] floor = new float[size];
    float[] fraction = new float[size];
    float[] logits = new float[size];
    double meanSquare = 0;
    for (int i = 0; i < size; i++) {
      int at = grid.at(i / depth, i % depth);
      scale[i] = grid.scales()[at];
      double exact = (double) weights[i] / scale[i] + grid.zeros()[at];
      exact = Math.max(grid.min(), Math.min(grid.max(), exact));
      floor[i] = (float) Math.min(Math.floor(exact), grid.max() - 1);
      fraction[i] = (float) (exact - floor[i]);
      double p = (fraction[i] - STRETCH_LOW) / (STRETCH_HIGH - STRETCH_LOW);
      logits[i] = (float) Math.log(p / (1 - p));
      meanSquare += (double) scale[i] * scale[i] / size;
    }
    float toUnits = (float) (1 / Math.sqrt(meanSquare));
    float[] normal = new float[depth * depth];
    for (int i = 0; i < normal.length; i++) {
      normal[i] = (float) (gram[i] / mean);
    }
    learn(rows, depth, scale, fraction, logits, normal, toUnits);
    int[] learned = new int[size];
    for (int i = 0; i < size; i++) {
      learned[i] = (int) floor[i] + (logits[i] >= 0 ? 1 : 0);
    }
    return better(weights, rows, depth, grid, gram, learned, nearest);
  }

  private void learn(
      int rows,
      int depth,
      float[] scale,
      float[] fraction,
      float[] logits,
      float[] normal,
      float toUnits) {
    int size = rows * depth;
    float[] errors = new float[size];
    float[] slope = new float[size];
    float[] height = new float[size];
    float[] product = new float[size];
    float[] first = new float[size];
    float[] second = new float[size];
    try (Arena arena = Arena.ofShared()) {
      MemorySegment matrix = arena.allocate(4L * depth * depth, 64);
      MemorySegment.copy(normal, 0, matrix, ValueLayout.JAVA_FLOAT, 0, normal.length);
      MemorySegment input = arena.allocate(4L * size, 64);
      MemorySegment output = arena.allocate(4L * size, 64);
      GemmProblem problem = GemmProblem.ofFloat(rows, depth, depth);
      try (PreparedKernel kernel = KernelCatalog.prepare(problem, Weights.of(matrix))) {
        int warmUp = (int) (WARM_UP * iterations);
        for (int step = 0; step < iterations; step++) {
          for (int i = 0; i < size; i++) {
            float sigmoid = (float) (1 / (1 + Math.exp(-logits[i])));
            float stretched = sigmoid * (STRETCH_HIGH - STRETCH_LOW) + STRETCH_LOW;
            boolean inside = stretched > 0 && stretched < 1;
            height[i] = Math.max(0, Math.min(1, stretched));
            slope[i] = inside ? sigmoid * (1 - sigmoid) * (STRETCH_HIGH - STRETCH_LOW) : 0;
            errors[i] = (height[i] - fraction[i]) * scale[i] * toUnits;
          }
          MemorySegment.copy(errors, 0, input, ValueLayout.JAVA_FLOAT, 0, size);
          kernel.run(Operands.of(input, output));
          MemorySegment.copy(output, ValueLayout.JAVA_FLOAT, 0, product, 0, size);
          double progress = (double) (step - warmUp) / Math.max(1, iterations - warmUp);
          double beta =
              LAST_BETA
                  + 0.5
                      * (FIRST_BETA - LAST_BETA)
                      * (1 + Math.cos(Math.max(0, progress) * Math.PI));
          float correction1 = (float) (1 - Math.pow(0.9, step + 1));
          float correction2 = (float) (1 - Math.pow(0.999, step + 1));
          for (int i = 0; i < size; i++) {
            float gradient = 2 * product[i] * scale[i] * toUnits * slope[i];
            if (step >= warmUp) {
              gradient += regularization(height[i], beta) * slope[i];
            }
            first[i] = 0.9f * first[i] + 0.1f * gradient;
            second[i] = 0.999f * second[i] + 0.001f * gradient * gradient;
            logits[i] -=
                RATE
                    * (first[i] / correction1)
                    / ((float) Math.sqrt(second[i] / correction2) + 1e-8f);
          }
        }
      }
    }
  }

  /** The gradient of {@code 1 - |2 h - 1|^beta} by h, weighed. */
  private static float regularization(float height, double beta) {
    double distance = 2 * height - 1;
    double slope = -2 * beta * Math.pow(Math.abs(distance), beta - 1) * Math.signum(distance);
    return (float) (REGULARIZATION * slope);
  }

  private static int[] better(
      float[] weights, int rows, int depth, Grid grid, float[] gram, int[] one, int[] other) {
    int[] result = new int[weights.length];
    double[] a = Rounding.errors(weights, rows, depth, grid, gram, one);
    double[] b = Rounding.errors(weights, rows, depth, grid, gram, other);
    for (int r = 0; r < rows; r++) {
      System.arraycopy(a[r] <= b[r] ? one : other, r * depth, result, r * depth, depth);
    }
    return result;
  }
}
