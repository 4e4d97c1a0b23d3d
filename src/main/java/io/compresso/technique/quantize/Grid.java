package io.compresso.technique.quantize;

import java.util.Arrays;

/**
 * The integers that weights may become: {@code (q - zero) * scale}, with a scale and zero point for
 * each block of consecutive elements of a row.
 *
 * @param scales one for each row and block, rows first
 * @param zeros as many
 * @param block elements of a block; the last one of a row may be shorter
 * @param blocks in a row
 * @param min the smallest integer
 * @param max the largest integer
 */
record Grid(float[] scales, int[] zeros, int block, int blocks, int min, int max) {
  private static final int MSE_STEPS = 24;

  /** One scale for each row, zero points 0. */
  static Grid byRow(float[] scales, int depth, int limit) {
    return new Grid(scales, new int[scales.length], Math.max(1, depth), 1, -limit, limit);
  }

  /**
   * Scales and zero points for each block: those of least squared error, or of the whole range.
   *
   * @param block elements of a block; 0 for the whole row
   * @param bits of an integer
   * @param symmetric whether zero points are the middle of the integers
   * @param clips whether a range narrower than the block's is tried
   */
  static Grid fit(
      float[] values, int rows, int depth, int block, int bits, boolean symmetric, boolean clips) {
    int size = block == 0 ? Math.max(1, depth) : block;
    int blocks = Math.max(1, Math.ceilDiv(depth, size));
    float[] scales = new float[rows * blocks];
    int[] zeros = new int[rows * blocks];
    Grid grid =
        new Grid(
            scales, zeros, size, blocks, symmetric ? -(1 << bits - 1) : 0, top(bits, symmetric));
    for (int row = 0; row < rows; row++) {
      for (int b = 0; b < blocks; b++) {
        int from = row * depth + b * size;
        int to = row * depth + Math.min(depth, (b + 1) * size);
        grid.fitBlock(values, from, to, row * blocks + b, symmetric, clips ? MSE_STEPS : 1);
      }
    }
    return grid;
  }

  private static int top(int bits, boolean symmetric) {
    return symmetric ? (1 << bits - 1) - 1 : (1 << bits) - 1;
  }

  private void fitBlock(float[] values, int from, int to, int at, boolean symmetric, int steps) {
    float low = 0;
    float high = 0;
    for (int i = from; i < to; i++) {
      low = Math.min(low, values[i]);
      high = Math.max(high, values[i]);
    }
    double least = Double.POSITIVE_INFINITY;
    float bestScale = 1;
    int bestZero = 0;
    for (int step = 0; step < steps; step++) {
      double share = 1 - 0.5 * step / MSE_STEPS;
      // A symmetric range has one more integer below zero: either sign may use it.
      for (int sign = 0; sign < (symmetric ? 2 : 1); sign++) {
        float scale;
        int zero;
        if (symmetric) {
          double magnitude = Math.max(-low, high) * share;
          scale = Range.usable((float) (magnitude / (sign == 0 ? max : -min)));
          zero = 0;
        } else {
          scale = Range.usable((float) ((high - low) * share / max));
          zero = (int) Math.max(0, Math.min(max, Math.rint(-low * share / scale)));
        }
        double error = 0;
        for (int i = from; i < to && error < least; i++) {
          double q = Math.max(min, Math.min(max, Math.rint(values[i] / scale) + zero));
          double difference = values[i] - (q - zero) * scale;
          error += difference * difference;
        }
        if (error < least) {
          least = error;
          bestScale = scale;
          bestZero = zero;
        }
      }
    }
    scales[at] = bestScale;
    zeros[at] = bestZero;
  }

  int at(int row, int k) {
    return row * blocks + k / block;
  }

  int quantize(float value, int at) {
    double q = Math.rint(value / scales[at]) + zeros[at];
    return (int) Math.max(min, Math.min(max, q));
  }

  float dequantize(int q, int at) {
    return (q - zeros[at]) * scales[at];
  }

  /** The rows from {@code from} on. */
  Grid rows(int from, int count) {
    return new Grid(
        Arrays.copyOfRange(scales, from * blocks, (from + count) * blocks),
        Arrays.copyOfRange(zeros, from * blocks, (from + count) * blocks),
        block,
        blocks,
        min,
        max);
  }
}
