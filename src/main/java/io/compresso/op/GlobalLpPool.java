package io.compresso.op;

import java.util.List;

/** The p-norm of each channel. */
final class GlobalLpPool extends GlobalPooling {
  @Override
  public String opType() {
    return "GlobalLpPool";
  }

  @Override
  public List<Integer> versions() {
    return List.of(1, 2, 22);
  }

  @Override
  double reduce(OpContext context, double[] x, int from, int to) {
    double p = context.node().intAttribute("p", 2);
    double sum = 0;
    for (int i = from; i < to; i++) {
      sum += Math.pow(Math.abs(x[i]), p);
    }
    return Math.pow(sum, 1 / p);
  }
}
