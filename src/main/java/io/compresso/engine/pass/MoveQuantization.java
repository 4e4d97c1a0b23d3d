package io.compresso.engine.pass;

import io.compresso.graph.Node;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;

/**
 * Quantizes before elements are moved, or put together, instead of after: bytes are quicker to
 * move, and what computes the elements may give bytes at once.
 */
final class MoveQuantization extends Rewriting {
  MoveQuantization() {
    super("QuantizeLinear", "com.microsoft:QuantizeLinear");
  }

  @Override
  void rewrite(GraphView view, Node node, Edit edit) {
    Quantized result = Quantized.to(view, node);
    Node mover = view.producer(node.input(0));
    if (result == null || mover == null || view.onlyReader(node.input(0)) != node) {
      return;
    }
    boolean pads = Movement.isPad(view, mover);
    boolean joins = mover.is("Concat");
    if (!joins && (mover.outputs().size() != 1 || !pads && !Movement.is(mover))
        || !edit.free(List.of(mover, node))) {
      return;
    }
    List<String> inputs = new ArrayList<>(mover.inputs());
    List<Node> after = new ArrayList<>();
    for (int i = 0; i < (joins ? inputs.size() : 1); i++) {
      String bytes = edit.fresh(inputs.get(i) + "_quantized");
      List<String> converted = new ArrayList<>(node.inputs());
      converted.set(0, inputs.get(i));
      inputs.set(i, bytes);
      after.add(NodeBuilder.like(node).name("").inputs(converted).outputs(bytes).build());
    }
    if (pads && mover.stringAttribute("mode", "constant").equals("constant")) {
      Tensor zero = Tensor.allocate(result.type(), Shape.SCALAR);
      zero.setLong(0, result.zeroPoint());
      while (inputs.size() <= 2) {
        inputs.add("");
      }
      inputs.set(2, edit.constant(result.bytes() + "_zero", zero));
    }
    after.add(NodeBuilder.like(mover).inputs(inputs).outputs(result.bytes()).build());
    edit.replace(List.of(mover, node), after.toArray(Node[]::new));
  }
}
