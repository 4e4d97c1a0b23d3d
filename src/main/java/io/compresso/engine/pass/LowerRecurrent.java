package io.compresso.engine.pass;

import io.compresso.graph.Node;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Makes a GRU or RNN whose weights are dequantized constants of 8 bits one that computes with the
 * integers.
 */
final class LowerRecurrent extends DequantizedRewriting {
  private static final int SCALES = 8;
  private static final int GATES_AXIS = 1;

  LowerRecurrent() {
    super("GRU", "RNN");
  }

  @Override
  void rewrite(GraphView view, Node node, Edit edit) {
    QuantizedWeights w = QuantizedWeights.from(view, node.input(1), GATES_AXIS);
    QuantizedWeights r = QuantizedWeights.from(view, node.input(2), GATES_AXIS);
    Node wSource = view.producer(node.input(1));
    Node rSource = view.producer(node.input(2));
    if (w == null || r == null || wSource == null || rSource == null) {
      return;
    }
    List<@Nullable String> inputs = new ArrayList<>();
    for (int i = 0; i < SCALES; i++) {
      inputs.add(i == 1 ? w.bytes() : i == 2 ? r.bytes() : node.input(i));
    }
    inputs.add(wSource.input(1));
    inputs.add(w.zeroPoints() == null ? null : wSource.input(2));
    inputs.add(rSource.input(1));
    inputs.add(r.zeroPoints() == null ? null : rSource.input(2));
    edit.replace(
        List.of(node),
        NodeBuilder.own("Quantized" + node.opType())
            .name(node.name())
            .inputs(inputs.toArray(String[]::new))
            .outputs(node.outputs())
            .attributes(node.attributes())
            .build());
  }
}
