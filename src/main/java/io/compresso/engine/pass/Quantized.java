package io.compresso.engine.pass;

import io.compresso.graph.Node;
import io.compresso.tensor.DType;
import io.compresso.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * A float value that stands for an 8-bit one, or is made one, by one constant scale and zero point:
 * {@code DequantizeLinear} or {@code QuantizeLinear} of a whole tensor.
 *
 * @param node the node that converts
 * @param bytes the 8-bit value
 * @param type its element type
 */
record Quantized(Node node, String bytes, DType type, float scale, int zeroPoint) {
  /** The 8-bit value that a float value was dequantized from; null if it was not. */
  static @Nullable Quantized from(GraphView view, @Nullable String floats) {
    Node node = view.producer(floats);
    if (node == null || !is(node, "DequantizeLinear") || node.input(0) == null) {
      return null;
    }
    return of(view, node, node.inputs().getFirst(), view.dtype(node.input(0)));
  }

  /** The quantization that a node is; null if it is another operator. */
  static @Nullable Quantized to(GraphView view, @Nullable Node node) {
    if (node == null || !is(node, "QuantizeLinear") || node.output(0) == null) {
      return null;
    }
    return of(view, node, node.outputs().getFirst(), view.dtype(node.output(0)));
  }

  /** Whether a node is the operator, of ONNX's or of ONNX Runtime's own set. */
  static boolean is(Node node, String opType) {
    return node.opType().equals(opType)
        && (node.domain().isEmpty() || node.domain().equals("com.microsoft"));
  }

  private static @Nullable Quantized of(
      GraphView view, Node node, String bytes, @Nullable DType type) {
    Tensor scale = view.floats(node.input(1));
    Tensor zeroPoint = view.constant(node.input(2));
    if (scale == null
        || scale.size() != 1
        || !(scale.getFloat(0) > 0)
        || Float.isInfinite(scale.getFloat(0))
        || node.input(2) != null && (zeroPoint == null || zeroPoint.size() != 1)
        || type != DType.UINT8 && type != DType.INT8
        || zeroPoint != null && zeroPoint.dtype() != type) {
      return null;
    }
    int zero = zeroPoint == null ? 0 : (int) zeroPoint.getLong(0);
    return new Quantized(node, bytes, type, scale.getFloat(0), zero);
  }

  /** Whether equal bytes stand for equal numbers. */
  boolean isLike(Quantized other) {
    return type == other.type && scale == other.scale && zeroPoint == other.zeroPoint;
  }

  /** The byte that a number becomes. */
  int quantize(float real) {
    double q = Math.rint((double) (real / scale)) + zeroPoint;
    return (int) Math.max(type.minValue(), Math.min(type.maxValue(), q));
  }
}
