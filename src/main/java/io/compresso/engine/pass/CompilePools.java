package io.compresso.engine.pass;

import io.compresso.graph.Node;
import io.compresso.tensor.DType;
import io.compresso.tensor.Tensor;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Makes poolings ones of the engine's own, which take either layout. */
final class CompilePools extends Rewriting {
  private static final Set<DType> TYPES =
      Set.of(DType.FLOAT, DType.FLOAT16, DType.BFLOAT16, DType.UINT8, DType.INT8);

  CompilePools() {
    super(
        "AveragePool",
        "GlobalAveragePool",
        "GlobalMaxPool",
        "MaxPool",
        "com.microsoft:QLinearAveragePool",
        "com.microsoft:QLinearGlobalAveragePool");
  }

  @Override
  void rewrite(GraphView view, Node node, Edit edit) {
    DType type = view.dtype(node.input(0));
    int rank = view.rank(node.input(0));
    if (type == null || !TYPES.contains(type) || rank < 3 || rank > 5) {
      return;
    }
    boolean padded = node.intAttribute("count_include_pad", 0) != 0;
    boolean ceil = node.intAttribute("ceil_mode", 0) != 0;
    boolean cut = Arrays.stream(node.intsAttribute("pads", new long[0])).anyMatch(pad -> pad < 0);
    if (padded && ceil || cut) {
      return;
    }
    boolean bytes = type.isInteger();
    switch (node.opType()) {
      case "MaxPool" -> {
        if (view.isUnread(node.output(1))) {
          compile(node, "max", edit);
        }
      }
      case "GlobalMaxPool" -> compile(node, "max", edit);
      case "AveragePool", "GlobalAveragePool" -> {
        if (!bytes) {
          compile(node, padded ? "average_with_padding" : "average", edit);
        }
      }
      case "QLinearAveragePool", "QLinearGlobalAveragePool" -> {
        if (bytes && node.intAttribute("channels_last", 0) == 0) {
          quantized(view, node, padded ? "average_with_padding" : "average", edit);
        }
      }
      default -> {}
    }
  }

  private static NodeBuilder builder(Node node, String kind) {
    return NodeBuilder.own("Pool")
        .name(node.name())
        .inputs(node.input(0))
        .outputs(node.outputs().getFirst())
        .attributes(node.attributes())
        .with("kind", kind);
  }

  private static void compile(Node node, String kind, Edit edit) {
    edit.replace(List.of(node), builder(node, kind).build());
  }

  private static void quantized(GraphView view, Node node, String kind, Edit edit) {
    Float inputScale = view.scalar(node.input(1));
    Float outputScale = view.scalar(node.input(3));
    Integer inputZero = zeroPoint(view, node, 2);
    Integer outputZero = zeroPoint(view, node, 4);
    if (inputScale == null || outputScale == null || inputZero == null || outputZero == null) {
      return;
    }
    edit.replace(
        List.of(node),
        builder(node, kind)
            .with("x_zero_point", inputZero)
            .with("scale", inputScale / outputScale)
            .with("y_zero_point", outputZero)
            .build());
  }

  private static @Nullable Integer zeroPoint(GraphView view, Node node, int input) {
    if (node.input(input) == null) {
      return 0;
    }
    Tensor constant = view.constant(node.input(input));
    return constant == null || constant.size() != 1 ? null : (Integer) (int) constant.getLong(0);
  }
}
