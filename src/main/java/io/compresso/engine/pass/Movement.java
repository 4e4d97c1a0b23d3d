package io.compresso.engine.pass;

import io.compresso.graph.Node;
import io.compresso.op.OperatorCatalog;
import io.compresso.tensor.Tensor;
import java.util.Set;

/** Operators that only move or select elements of their first input, whatever the elements are. */
final class Movement {
  private static final Set<String> MOVEMENTS =
      Set.of(
          "DepthToSpace",
          "Expand",
          "Flatten",
          "Gather",
          "GlobalMaxPool",
          "Identity",
          "Reshape",
          "Slice",
          "SpaceToDepth",
          "Split",
          "Squeeze",
          "Tile",
          "Transpose",
          "Unsqueeze");

  private Movement() {}

  /**
   * Whether a node moves elements, so that it may as well move what they are computed from, by any
   * function that keeps their order.
   */
  static boolean is(Node node) {
    if (node.domain().equals(OperatorCatalog.INTERNAL)) {
      return node.opType().equals("ChannelShuffle") || node.opType().equals("PixelShuffle");
    }
    if (!node.domain().isEmpty()) {
      return false;
    }
    return switch (node.opType()) {
      case "MaxPool" -> node.output(1) == null;
      case "Resize", "Upsample" ->
          node.stringAttribute("mode", "nearest").equals("nearest")
              && !node.stringAttribute("coordinate_transformation_mode", "")
                  .equals("tf_crop_and_resize");
      default -> MOVEMENTS.contains(node.opType());
    };
  }

  /** Whether a node pads by a constant that is 0, or by elements of its input. */
  static boolean isPad(GraphView view, Node node) {
    if (!node.is("Pad")) {
      return false;
    }
    if (!node.stringAttribute("mode", "constant").equals("constant")) {
      return true;
    }
    Tensor value = view.constant(node.input(2));
    return node.input(2) == null
        ? view.model().opset() >= 11 && node.inputs().size() > 1
        : value != null && value.size() == 1 && value.getDouble(0) == 0;
  }
}
