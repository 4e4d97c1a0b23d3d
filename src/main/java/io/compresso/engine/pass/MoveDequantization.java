package io.compresso.engine.pass;

import io.compresso.graph.Node;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;

/** Dequantizes after elements are moved instead of before: bytes are quicker to move. */
final class MoveDequantization extends DequantizedRewriting {
  @Override
  void rewrite(GraphView view, Node node, Edit edit) {
    boolean pads = Movement.isPad(view, node);
    if (!pads && !Movement.is(node)) {
      return;
    }
    Quantized data = Quantized.from(view, node.input(0));
    if (data == null || !edit.free(List.of(node))) {
      return;
    }
    List<String> inputs = new ArrayList<>(node.inputs());
    inputs.set(0, data.bytes());
    if (pads && node.stringAttribute("mode", "constant").equals("constant")) {
      Tensor zero = Tensor.allocate(data.type(), Shape.SCALAR);
      zero.setLong(0, data.zeroPoint());
      while (inputs.size() <= 2) {
        inputs.add("");
      }
      inputs.set(2, edit.constant(data.bytes() + "_zero", zero));
    }
    List<String> outputs = new ArrayList<>();
    List<Node> after = new ArrayList<>();
    for (String output : node.outputs()) {
      String bytes = output.isEmpty() ? "" : edit.fresh(output + "_bytes");
      outputs.add(bytes);
      if (!output.isEmpty()) {
        List<String> converted = new ArrayList<>(data.node().inputs());
        converted.set(0, bytes);
        after.add(NodeBuilder.like(data.node()).name("").inputs(converted).outputs(output).build());
      }
    }
    after.addFirst(NodeBuilder.like(node).inputs(inputs).outputs(outputs).build());
    edit.replace(List.of(node), after.toArray(Node[]::new));
  }
}
