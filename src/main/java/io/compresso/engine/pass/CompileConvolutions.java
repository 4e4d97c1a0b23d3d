package io.compresso.engine.pass;

import io.compresso.graph.Node;
import io.compresso.tensor.DType;
import java.util.List;

/** Makes convolutions of floats ones of the engine's own, to which others can be fused. */
final class CompileConvolutions extends Rewriting {
  CompileConvolutions() {
    super("Conv");
  }

  @Override
  void rewrite(GraphView view, Node node, Edit edit) {
    DType type = view.dtype(node.input(0));
    int rank = view.rank(node.input(0));
    if (type == null || !type.isFloat() || type.bits() < 16 || rank < 3 || rank > 5) {
      return;
    }
    edit.replace(
        List.of(node),
        NodeBuilder.own("Conv")
            .name(node.name())
            .inputs(node.inputs())
            .outputs(node.outputs())
            .attributes(node.attributes())
            .build());
  }
}
