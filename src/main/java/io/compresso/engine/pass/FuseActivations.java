package io.compresso.engine.pass;

import io.compresso.graph.Node;
import io.compresso.op.OperatorCatalog;
import io.compresso.tensor.DType;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Puts the activation or clip that alone reads a float product into the product's epilogue. */
final class FuseActivations extends Rewriting {
  private static final String LOW = "low";
  private static final String HIGH = "high";
  private static final String ACTIVATION = "activation";

  FuseActivations() {
    super(
        "Clip",
        "Gelu",
        "HardSwish",
        "Relu",
        "Sigmoid",
        "Swish",
        "Tanh",
        "com.microsoft:FastGelu",
        "com.microsoft:Gelu",
        "com.microsoft:QuickGelu");
  }

  @Override
  void rewrite(GraphView view, Node node, Edit edit) {
    Node producer = view.producer(node.input(0));
    if (producer == null
        || !isFloatProduct(view, producer)
        || view.onlyReader(producer.output(0)) != node
        || producer.attributes().containsKey(LOW)
        || producer.attributes().containsKey(HIGH)) {
      return;
    }
    NodeBuilder fused = NodeBuilder.like(producer).outputs(node.outputs());
    Clipping clip = Clipping.of(view, node);
    if (clip != null) {
      if (clip.low() != Float.NEGATIVE_INFINITY) {
        fused.with(LOW, clip.low());
      }
      if (clip.high() != Float.POSITIVE_INFINITY) {
        fused.with(HIGH, clip.high());
      }
      edit.replace(List.of(producer, node), fused.build());
      return;
    }
    String activation = activation(node);
    if (activation != null && !producer.attributes().containsKey(ACTIVATION)) {
      edit.replace(
          List.of(producer, node),
          fused.with(ACTIVATION, activation.toLowerCase(Locale.ROOT)).build());
    }
  }

  /** Whether the node is a product of the engine's own that gives floats. */
  static boolean isFloatProduct(GraphView view, Node node) {
    if (!node.domain().equals(OperatorCatalog.INTERNAL)) {
      return false;
    }
    return switch (node.opType()) {
      case "Conv", "MatMul" -> true;
      case "QuantizedConv", "QuantizedMatMul" ->
          node.intAttribute("y_type", DType.FLOAT.code()) == DType.FLOAT.code();
      default -> false;
    };
  }

  /** The kernel's name of what a node computes of its one input; null if it has none. */
  private static @Nullable String activation(Node node) {
    return switch (node.opType()) {
      case "Sigmoid" -> "SIGMOID";
      case "Tanh" -> "TANH";
      case "HardSwish" -> "HARD_SWISH";
      case "Swish" -> node.floatAttribute("alpha", 1) == 1 ? "SWISH" : null;
      case "QuickGelu" -> node.floatAttribute("alpha", 1.702f) == 1 ? "SWISH" : null;
      case "FastGelu" -> node.input(1) == null ? "GELU_TANH" : null;
      case "Gelu" ->
          node.stringAttribute("approximate", "none").equals("tanh") ? "GELU_TANH" : "GELU";
      default -> null;
    };
  }
}
