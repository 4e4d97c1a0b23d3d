package io.compresso.op;

import java.util.List;
import java.util.Optional;

/** The p-norm of each window. */
final class LpPool extends Pooling {
  @Override
  public String opType() {
    return "LpPool";
  }

  @Override
  public List<Integer> versions() {
    return List.of(1, 2, 11, 18, 22);
  }

  @Override
  public Optional<Reference> reference() {
    return Optional.of(context -> {
      double p = context.node().intAttribute("p", 2);
      return List.of(pool(context, window(context), norm(p)));
    });
  }

  private static Reduction norm(double p) {
    return (x, window, plane, start) -> {
      double sum = 0;
      int end = window.last(2, start[2]);
      for (int d = window.first(0, start[0]); d < window.last(0, start[0]); d++) {
        int slice = plane + (start[0] + d * window.dilation()[0]) * window.in()[1] * window.in()[2];
        for (int h = window.first(1, start[1]); h < window.last(1, start[1]); h++) {
          int row = slice + (start[1] + h * window.dilation()[1]) * window.in()[2] + start[2];
          for (int w = window.first(2, start[2]); w < end; w++) {
            sum += Math.pow(Math.abs(x[row + w * window.dilation()[2]]), p);
          }
        }
      }
      return Math.pow(sum, 1 / p);
    };
  }
}
