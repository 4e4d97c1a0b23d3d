package io.compresso.technique.report;

import java.util.ArrayList;
import java.util.List;

/**
 * A linear axis.
 *
 * @param low the value at {@code from}
 * @param high the value at {@code to}
 */
record Axis(double low, double high, double from, double to) {
  private static final double[] STEPS = {1, 2, 5, 10};

  Axis {
    if (!(low < high)) {
      throw new IllegalArgumentException("an axis from " + low + " to " + high);
    }
  }

  double place(double value) {
    return from + (value - low) / (high - low) * (to - from);
  }

  /** Round values on the axis, about as many as wanted. */
  List<Double> ticks(int wanted) {
    double rough = (high - low) / wanted;
    double power = Math.pow(10, Math.floor(Math.log10(rough)));
    double step = 10 * power;
    for (double candidate : STEPS) {
      if (candidate * power >= rough) {
        step = candidate * power;
        break;
      }
    }
    List<Double> ticks = new ArrayList<>();
    for (double index = Math.ceil(low / step - 1e-9); index * step <= high + 1e-9 * step; index++) {
      ticks.add(index * step);
    }
    return ticks;
  }
}
