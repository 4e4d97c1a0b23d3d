package io.compresso.engine.pass;

import io.compresso.graph.Node;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What follows a float value up to its quantization: perhaps a clip, then the quantization, each
 * the only reader of what is before it.
 *
 * @param nodes the nodes in order
 * @param low the least byte that the clip lets through
 * @param high the greatest one
 */
record Requantization(List<Node> nodes, Quantized output, int low, int high) {
  /** What follows {@code value}; null when it is not quantized in this way. */
  static @Nullable Requantization after(GraphView view, @Nullable String value) {
    Node next = view.onlyReader(value);
    if (next == null) {
      return null;
    }
    List<Node> nodes = new ArrayList<>();
    Clipping clip = Clipping.of(view, next);
    if (clip != null) {
      nodes.add(next);
      next = view.onlyReader(next.output(0));
    }
    Quantized output = Quantized.to(view, next);
    if (next == null || output == null) {
      return null;
    }
    nodes.add(next);
    int low = (int) output.type().minValue();
    int high = (int) output.type().maxValue();
    if (clip != null) {
      low = output.quantize(clip.low());
      high = output.quantize(clip.high());
    }
    return new Requantization(List.copyOf(nodes), output, low, high);
  }

  /** Whether the clip changes nothing that the type's range does not. */
  boolean isAbsorbed() {
    return low == output.type().minValue() && high == output.type().maxValue();
  }

  /** Adds the attributes of a product of the engine's own. */
  NodeBuilder describe(NodeBuilder builder) {
    builder
        .with("y_type", output.type().code())
        .with("y_zero_point", output.zeroPoint())
        .outputs(output.bytes());
    if (low != output.type().minValue()) {
      builder.with("low", (float) low);
    }
    if (high != output.type().maxValue()) {
      builder.with("high", (float) high);
    }
    return builder;
  }
}
