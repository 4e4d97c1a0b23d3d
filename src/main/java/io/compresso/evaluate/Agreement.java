package io.compresso.evaluate;

import io.compresso.tensor.Tensor;
import io.compresso.tensor.Value;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * How far our outputs are from the peer's.
 *
 * @param decibels the least signal-to-noise ratio of a float output; null when all are equal
 * @param difference what is wrong with an output, null when nothing is
 * @param isOnlyNoisy whether nothing is wrong but signal-to-noise ratios
 */
record Agreement(@Nullable Double decibels, @Nullable String difference, boolean isOnlyNoisy) {
  private static final double LEAST_EQUAL = 0.999;

  /** Compares outputs by name; integers may differ in one of a thousand elements. */
  static Agreement of(
      String dtype, Map<String, ? extends Value> expected, Map<String, ? extends Value> actual) {
    double floor = floor(dtype);
    Double least = null;
    String difference = null;
    boolean wrong = false;
    for (Map.Entry<String, ? extends Value> output : expected.entrySet()) {
      Value value = actual.get(output.getKey());
      String problem = null;
      boolean noisy = false;
      if (output.getValue() instanceof Tensor wanted && value instanceof Tensor given) {
        if (!wanted.shape().equals(given.shape())) {
          problem = "is " + given + ", not " + wanted;
        } else if (wanted.dtype().isFloat()) {
          Double ratio = error(wanted, given).sqnrDb();
          if (ratio != null) {
            least = least == null ? ratio : Math.min(least, ratio);
            noisy = ratio < floor;
            problem = noisy ? "is only within %.1f dB".formatted(ratio) : null;
          }
        } else if (wanted.dtype().isInteger()) {
          problem = error(wanted, given).equal() < LEAST_EQUAL ? "differs: " + given : null;
        } else {
          problem = Tolerance.ONNX.difference(wanted, given);
        }
      } else {
        problem = Tolerance.ONNX.difference(output.getValue(), value);
      }
      wrong |= problem != null && !noisy;
      if (problem != null && difference == null) {
        difference = "output '" + output.getKey() + "' " + problem;
      }
    }
    return new Agreement(least, difference, difference != null && !wrong);
  }

  /**
   * The least signal-to-noise ratio of the outputs that are floats; null when all are equal.
   *
   * @throws IllegalArgumentException if an output is not there or has another shape
   */
  static @Nullable Double decibels(
      Map<String, ? extends Value> expected, Map<String, ? extends Value> actual) {
    Double least = null;
    for (Map.Entry<String, ? extends Value> output : expected.entrySet()) {
      if (output.getValue() instanceof Tensor wanted && wanted.dtype().isFloat()) {
        if (!(actual.get(output.getKey()) instanceof Tensor given)
            || !wanted.shape().equals(given.shape())) {
          throw new IllegalArgumentException(
              "output '" + output.getKey() + "' has no counterpart of its shape");
        }
        Double ratio = error(wanted, given).sqnrDb();
        least = ratio == null || least != null && least < ratio ? least : ratio;
      }
    }
    return least;
  }

  private static OutputError error(Tensor expected, Tensor actual) {
    OutputErrorMeter meter = new OutputErrorMeter();
    meter.add(expected, actual, expected.size());
    return meter.result("");
  }

  /** A relative error of 1e-3 is 60 dB. */
  private static double floor(String dtype) {
    return switch (dtype) {
      case "f32" -> 60;
      case "int8" -> 40;
      default -> 30;
    };
  }
}
