package io.compresso.technique.quantize;

import io.compresso.graph.Attribute;
import io.compresso.graph.Node;
import io.compresso.tensor.Tensor;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** ONNX Runtime's self-attention with quantized weights: Attention becomes QAttention. */
final class DynamicAttention {
  /** The attributes that both operators have. */
  private static final Set<String> ATTRIBUTES =
      Set.of("num_heads", "unidirectional", "do_rotary", "past_present_share_buffer");

  private DynamicAttention() {}

  static boolean is(Node node) {
    return node.domain().equals(IntegerOperators.CONTRIB) && node.opType().equals("Attention");
  }

  /** Why the node is left as it is; empty when there is an integer form. */
  static String obstacle(GraphIndex index, Node node) {
    Tensor weights = index.floatConstant(node.input(1));
    if (weights == null || weights.shape().rank() != 2) {
      return "its weights are not a constant of float elements";
    }
    if (node.input(2) == null || node.input(5) != null || node.input(6) != null) {
      return "QAttention needs a bias and takes no bias of positions";
    }
    return node.attributes().keySet().stream()
        .filter(name -> !ATTRIBUTES.contains(name))
        .findFirst()
        .map(name -> "QAttention has no attribute '" + name + "'")
        .orElse("");
  }

  /**
   * The integer form.
   *
   * @param input the quantized input, its scale and zero point
   */
  static Node rewrite(Node node, List<String> input, String weights, String scale, String zero) {
    List<String> inputs = new ArrayList<>();
    inputs.add(input.get(0));
    inputs.add(weights);
    inputs.add(node.inputs().get(2));
    inputs.add(input.get(1));
    inputs.add(scale);
    inputs.add(node.inputs().size() > 3 ? node.inputs().get(3) : "");
    inputs.add(input.get(2));
    inputs.add(zero);
    if (node.input(4) != null) {
      inputs.add(node.inputs().get(4));
    }
    Map<String, Attribute> attributes = new LinkedHashMap<>(node.attributes());
    return new Node(
        node.name(),
        IntegerOperators.CONTRIB,
        "QAttention",
        "",
        inputs,
        node.outputs(),
        attributes,
        node.annotations());
  }
}
