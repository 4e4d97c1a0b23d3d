package io.compresso.op;

import io.compresso.graph.Node;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** Reads axes and other small integer lists, which moved from attributes to inputs over time. */
final class Axes {
  private Axes() {}

  /** The axis counted from 0; blames the node when it is outside the rank. */
  static int normalize(OpContext context, long axis, int rank) {
    if (axis < -rank || axis >= rank) {
      throw context.error("axis " + axis + " is outside rank " + rank);
    }
    return (int) (axis < 0 ? axis + rank : axis);
  }

  /** The axes counted from 0, in the given order; blames the node for a repeated one. */
  static int[] normalize(OpContext context, long[] axes, int rank) {
    int[] result = new int[axes.length];
    boolean[] seen = new boolean[rank];
    for (int i = 0; i < axes.length; i++) {
      result[i] = normalize(context, axes[i], rank);
      if (seen[result[i]]) {
        throw context.error("axis " + axes[i] + " is given twice");
      }
      seen[result[i]] = true;
    }
    return result;
  }

  /** The integers of attribute {@code name}, else those of input {@code index}, else null. */
  static long @Nullable [] ints(OpContext context, String name, int index) {
    long[] values = context.node().intsAttribute(name);
    if (values != null) {
      return values;
    }
    Tensor tensor = context.tensorOrNull(index);
    return tensor == null ? null : tensor.toLongs();
  }

  /** Whether the integers are given at all. */
  static boolean given(Node node, String name, int index) {
    return node.attributes().containsKey(name) || node.input(index) != null;
  }

  /**
   * The integers of attribute {@code name}, else those of input {@code index} as far as all are
   * known, else null.
   */
  static long @Nullable [] ints(ShapeContext context, String name, int index) {
    long[] values = context.node().intsAttribute(name);
    return values != null ? values : Dims.longs(context, index);
  }

  /** The shape; blames the node when it is not one. */
  static Shape shape(OpContext context, long... dims) {
    try {
      return Shape.of(dims);
    } catch (IllegalArgumentException e) {
      throw context.error("no such shape: " + Arrays.toString(dims));
    }
  }
}
