package io.compresso.kernel.jit.x86;

import io.compresso.kernel.CopyProblem.Axis;
import java.util.List;

/** Where the parts of a copy begin that lie along some of its axes. */
record OuterAxes(List<Axis> axes) {
  OuterAxes {
    axes = List.copyOf(axes);
  }

  /** How many parts there are. */
  long count() {
    long product = 1;
    for (int i = 0; i < axes.size(); i++) {
      product = Math.multiplyExact(product, axes.get(i).size());
    }
    return product;
  }

  /** The first element of a part in the input. */
  long input(long part) {
    long offset = 0;
    long rest = part;
    for (int i = axes.size() - 1; i >= 0; i--) {
      offset += rest % axes.get(i).size() * axes.get(i).inputStride();
      rest /= axes.get(i).size();
    }
    return offset;
  }

  /** The first element of a part in the output. */
  long output(long part) {
    long offset = 0;
    long rest = part;
    for (int i = axes.size() - 1; i >= 0; i--) {
      offset += rest % axes.get(i).size() * axes.get(i).outputStride();
      rest /= axes.get(i).size();
    }
    return offset;
  }
}
