package io.compresso.engine.pass;

import io.compresso.graph.Node;
import java.util.ArrayList;
import java.util.List;

/** Makes means of dequantized windows whose result is quantized ones of integers. */
final class LowerPools extends DequantizedRewriting {
  LowerPools() {
    super("AveragePool", "GlobalAveragePool");
  }

  @Override
  void rewrite(GraphView view, Node node, Edit edit) {
    Quantized input = Quantized.from(view, node.input(0));
    Node next = view.onlyReader(node.output(0));
    Quantized output = Quantized.to(view, next);
    if (input == null
        || next == null
        || output == null
        || input.type() != output.type()
        || view.rank(node.input(0)) < 3
        || !edit.free(List.of(node, next))) {
      return;
    }
    List<String> inputs = new ArrayList<>();
    inputs.add(input.bytes());
    inputs.addAll(LowerAdditions.constants(input, edit));
    inputs.addAll(LowerAdditions.constants(output, edit));
    edit.replace(
        List.of(node, next),
        NodeBuilder.microsoft("QLinear" + node.opType())
            .name(node.name())
            .inputs(inputs)
            .outputs(output.bytes())
            .attributes(node.attributes())
            .build());
  }
}
