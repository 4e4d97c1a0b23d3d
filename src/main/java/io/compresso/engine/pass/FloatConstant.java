package io.compresso.engine.pass;

import io.compresso.graph.Node;
import io.compresso.tensor.DType;
import io.compresso.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/** Constants of floats, as they are or dequantized. */
final class FloatConstant {
  private FloatConstant() {}

  /** The elements of a constant, or of one dequantized by one scale an element or one for all. */
  static float @Nullable [] of(GraphView view, @Nullable String value) {
    Tensor constant = view.floats(value);
    if (constant != null) {
      return constant.toFloats();
    }
    Node node = view.producer(value);
    if (node == null || !Quantized.is(node, "DequantizeLinear")) {
      return null;
    }
    Tensor bytes = view.constant(node.input(0));
    Tensor scale = view.floats(node.input(1));
    Tensor zeroPoint = view.constant(node.input(2));
    if (bytes == null
        || scale == null
        || !bytes.dtype().isInteger()
        || bytes.dtype() == DType.INT64
        || bytes.shape().rank() > 1
        || scale.size() != 1 && scale.size() != bytes.size()
        || node.input(2) != null && (zeroPoint == null || zeroPoint.size() != scale.size())
        || node.intAttribute("block_size", 0) != 0) {
      return null;
    }
    float[] values = new float[(int) bytes.size()];
    for (int i = 0; i < values.length; i++) {
      int at = scale.size() == 1 ? 0 : i;
      long zero = zeroPoint == null ? 0 : zeroPoint.getLong(at);
      values[i] = (bytes.getLong(i) - zero) * scale.getFloat(at);
    }
    return values;
  }
}
