package io.compresso.op;

import java.util.List;

/** The largest element of each channel. */
final class GlobalMaxPool extends GlobalPooling {
  @Override
  public String opType() {
    return "GlobalMaxPool";
  }

  @Override
  public List<Integer> versions() {
    return List.of(1, 22);
  }

  @Override
  double reduce(OpContext context, double[] x, int from, int to) {
    double largest = Double.NEGATIVE_INFINITY;
    for (int i = from; i < to; i++) {
      largest = Math.max(largest, x[i]);
    }
    return largest;
  }
}
