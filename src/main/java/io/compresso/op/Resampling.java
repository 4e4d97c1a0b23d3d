package io.compresso.op;

import java.util.Arrays;

/**
 * How one axis is resampled: for each output position the input positions that it mixes, and their
 * weights.
 *
 * @param indices {@code [output][taps]}
 * @param weights {@code [output][taps]}
 * @param outside the output positions that take the extrapolation value
 */
record Resampling(int[][] indices, double[][] weights, boolean[] outside) {
  /**
   * How elements were chosen before there was a choice: the one after the position on axes that
   * become smaller, else the one before.
   */
  static final String TOWARDS_END_WHERE_SMALLER = "towards_end_where_smaller";

  /** What Resize's attributes say of every axis. */
  record Options(
      String mode,
      String coordinates,
      String nearest,
      double cubic,
      boolean excludeOutside,
      boolean antialias) {}

  /**
   * The resampling of one axis.
   *
   * @param scale output size / input size, as given or as the sizes make it
   * @param from where the region of interest begins, for {@code tf_crop_and_resize}
   * @param to where it ends
   */
  static Resampling of(
      Options options, int input, int output, double scale, double from, double to) {
    int[][] indices = new int[output][];
    double[][] weights = new double[output][];
    boolean[] outside = new boolean[output];
    boolean crop = options.coordinates().equals("tf_crop_and_resize");
    for (int i = 0; i < output; i++) {
      double x = coordinate(options.coordinates(), i, input, output, scale, from, to);
      outside[i] = crop && (x < 0 || x > input - 1);
      if (options.mode().equals("nearest")) {
        indices[i] = new int[] {clamp(nearest(options.nearest(), x, scale), input)};
        weights[i] = new double[] {1};
        continue;
      }
      boolean cubic = options.mode().equals("cubic");
      double stretch = options.antialias() ? Math.min(scale, 1) : 1;
      int reach = cubic ? 2 : 1;
      int base = (int) Math.floor(x);
      int first = base + (int) Math.floor(-reach / stretch) + 1;
      int last = base - (int) Math.floor(-reach / stretch);
      indices[i] = new int[last - first + 1];
      weights[i] = new double[last - first + 1];
      boolean exclude = options.excludeOutside();
      for (int tap = first; tap <= last; tap++) {
        double distance = Math.abs((tap - x) * stretch);
        double weight = cubic ? cubic(distance, options.cubic()) : Math.max(0, 1 - distance);
        indices[i][tap - first] = clamp(tap, input);
        weights[i][tap - first] = exclude && (tap < 0 || tap >= input) ? 0 : weight;
      }
      if (exclude || options.antialias()) {
        double sum = Arrays.stream(weights[i]).sum();
        for (int tap = 0; tap < weights[i].length && sum != 0; tap++) {
          weights[i][tap] /= sum;
        }
      }
    }
    return new Resampling(indices, weights, outside);
  }

  private static int clamp(double index, int size) {
    return (int) Math.max(0, Math.min(size - 1, index));
  }

  private static double coordinate(
      String mode, int x, int input, int output, double scale, double from, double to) {
    return switch (mode) {
      case "half_pixel" -> (x + 0.5) / scale - 0.5;
      case "half_pixel_symmetric" -> {
        double adjustment = output / (scale * input);
        double centre = input / 2.0;
        yield centre * (1 - adjustment) + (x + 0.5) / scale - 0.5;
      }
      case "pytorch_half_pixel" -> output > 1 ? (x + 0.5) / scale - 0.5 : 0;
      case "align_corners" -> output > 1 ? x * (input - 1.0) / (output - 1) : 0;
      case "asymmetric" -> x / scale;
      case "tf_half_pixel_for_nn" -> (x + 0.5) / scale;
      case "tf_crop_and_resize" ->
          output > 1
              ? from * (input - 1) + x * (to - from) * (input - 1) / (output - 1)
              : 0.5 * (from + to) * (input - 1);
      default ->
          throw new IllegalArgumentException(
              "coordinate_transformation_mode '" + mode + "' is not known");
    };
  }

  private static double nearest(String mode, double x, double scale) {
    return switch (mode) {
      case TOWARDS_END_WHERE_SMALLER -> scale < 1 ? Math.ceil(x) : Math.floor(x);
      case "floor" -> Math.floor(x);
      case "ceil" -> Math.ceil(x);
      case "round_prefer_ceil" -> Math.floor(x + 0.5);
      case "round_prefer_floor" -> Math.ceil(x - 0.5);
      default -> throw new IllegalArgumentException("nearest_mode '" + mode + "' is not known");
    };
  }

  private static double cubic(double distance, double a) {
    if (distance <= 1) {
      return ((a + 2) * distance - (a + 3)) * distance * distance + 1;
    }
    return distance < 2 ? ((a * distance - 5 * a) * distance + 8 * a) * distance - 4 * a : 0;
  }

  /** Resamples one axis of {@code [outer, input, inner]}. */
  double[] apply(double[] x, int outer, int input, int inner) {
    int output = indices.length;
    double[] y = new double[Math.multiplyExact(Math.multiplyExact(outer, output), inner)];
    for (int o = 0; o < outer; o++) {
      for (int i = 0; i < output; i++) {
        int to = (o * output + i) * inner;
        for (int tap = 0; tap < indices[i].length; tap++) {
          double weight = weights[i][tap];
          int at = (o * input + indices[i][tap]) * inner;
          if (weight == 1) {
            for (int n = 0; n < inner; n++) {
              y[to + n] += x[at + n];
            }
          } else if (weight != 0) {
            for (int n = 0; n < inner; n++) {
              y[to + n] += weight * x[at + n];
            }
          }
        }
      }
    }
    return y;
  }
}
