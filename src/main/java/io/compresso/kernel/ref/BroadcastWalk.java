package io.compresso.kernel.ref;

import io.compresso.kernel.Broadcast;
import java.util.List;

/** The positions of pairs of elements, in the order of the result. */
final class BroadcastWalk {
  private final List<Broadcast.Axis> axes;
  private final long[] index;
  private long left;
  private long right;

  BroadcastWalk(Broadcast broadcast) {
    this.axes = broadcast.axes();
    this.index = new long[axes.size()];
  }

  long left() {
    return left;
  }

  long right() {
    return right;
  }

  void next() {
    for (int i = index.length - 1; i >= 0; i--) {
      Broadcast.Axis axis = axes.get(i);
      left += axis.leftStride();
      right += axis.rightStride();
      if (++index[i] < axis.size()) {
        return;
      }
      index[i] = 0;
      left -= axis.size() * axis.leftStride();
      right -= axis.size() * axis.rightStride();
    }
  }
}
