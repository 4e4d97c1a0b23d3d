package io.compresso.engine.pass;

import io.compresso.graph.Node;
import io.compresso.tensor.DType;
import io.compresso.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * Constant 8-bit weights, and their quantization as a whole or by output channel.
 *
 * @param bytes the name of the constant
 * @param scales one, or one an output channel
 * @param zeroPoints the constant's zero points as the node has them, null for 0
 */
record QuantizedWeights(String bytes, Tensor values, float[] scales, @Nullable Tensor zeroPoints) {
  /**
   * The weights that a float value was dequantized from; null if it was not.
   *
   * @param channelAxis the axis of the output channels
   */
  static @Nullable QuantizedWeights from(GraphView view, @Nullable String floats, int channelAxis) {
    Node node = view.producer(floats);
    if (node == null || !Quantized.is(node, "DequantizeLinear")) {
      return null;
    }
    Tensor values = view.constant(node.input(0));
    Tensor scale = view.floats(node.input(1));
    Tensor zeroPoint = view.constant(node.input(2));
    if (values == null
        || scale == null
        || values.dtype() != DType.INT8 && values.dtype() != DType.UINT8
        || node.input(2) != null && (zeroPoint == null || zeroPoint.size() != scale.size())
        || node.intAttribute("block_size", 0) != 0
        || values.shape().rank() <= channelAxis) {
      return null;
    }
    long axis = node.intAttribute("axis", 1);
    axis = axis < 0 ? axis + values.shape().rank() : axis;
    boolean perChannel =
        scale.shape().rank() == 1
            && axis == channelAxis
            && scale.size() == values.shape().dim(channelAxis);
    if (scale.size() != 1 && !perChannel) {
      return null;
    }
    for (float each : scale.toFloats()) {
      if (!(each > 0) || Float.isInfinite(each)) {
        return null;
      }
    }
    boolean symmetric = true;
    for (long i = 0; zeroPoint != null && i < zeroPoint.size(); i++) {
      symmetric &= zeroPoint.getLong(i) == 0;
    }
    return new QuantizedWeights(
        node.inputs().getFirst(), values, scale.toFloats(), symmetric ? null : zeroPoint);
  }

  float scale(int channel) {
    return scales[scales.length == 1 ? 0 : channel];
  }
}
