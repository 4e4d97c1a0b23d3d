package io.compresso.op;

import java.util.List;

/** The mean of each channel. */
final class GlobalAveragePool extends GlobalPooling {
  @Override
  public String opType() {
    return "GlobalAveragePool";
  }

  @Override
  public List<Integer> versions() {
    return List.of(1, 22);
  }

  @Override
  double reduce(OpContext context, double[] x, int from, int to) {
    double sum = 0;
    for (int i = from; i < to; i++) {
      sum += x[i];
    }
    return sum / (to - from);
  }
}
