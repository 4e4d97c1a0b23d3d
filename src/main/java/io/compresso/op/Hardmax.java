package io.compresso.op;

import java.util.Arrays;

/** 1 at the first largest element of each line along an axis, 0 elsewhere. */
final class Hardmax extends SoftmaxFamily {
  Hardmax() {
    super("Hardmax", 1, 11, 13);
  }

  @Override
  void line(float[] x) {
    int best = 0;
    for (int i = 1; i < x.length; i++) {
      best = x[i] > x[best] ? i : best;
    }
    Arrays.fill(x, 0);
    x[best] = 1;
  }

  @Override
  void line(double[] x) {
    int best = 0;
    for (int i = 1; i < x.length; i++) {
      best = x[i] > x[best] ? i : best;
    }
    Arrays.fill(x, 0);
    x[best] = 1;
  }
}
