package io.compresso.engine.pass;

import io.compresso.graph.Node;
import io.compresso.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/** A node that only clips its input: {@code Relu}, or {@code Clip} with constant bounds. */
record Clipping(float low, float high) {
  /** The clip that a node is, or null. */
  static @Nullable Clipping of(GraphView view, Node node) {
    if (node.is("Relu")) {
      return new Clipping(0, Float.POSITIVE_INFINITY);
    }
    if (!node.is("Clip")) {
      return null;
    }
    // Before opset 11 the bounds are attributes.
    Float low = bound(view, node, 1, "min", Float.NEGATIVE_INFINITY);
    Float high = bound(view, node, 2, "max", Float.POSITIVE_INFINITY);
    return low == null || high == null || !(low <= high) ? null : new Clipping(low, high);
  }

  private static @Nullable Float bound(
      GraphView view, Node node, int input, String attribute, float otherwise) {
    String name = node.input(input);
    if (name == null) {
      return view.model().opset() >= 11 ? otherwise : node.floatAttribute(attribute, otherwise);
    }
    Tensor value = view.constant(name);
    return value == null || value.size() != 1 || !value.dtype().isFloat()
        ? null
        : (Float) value.getFloat(0);
  }
}
