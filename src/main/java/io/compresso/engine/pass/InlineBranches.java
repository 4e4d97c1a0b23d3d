package io.compresso.engine.pass;

import io.compresso.graph.Graph;
import io.compresso.graph.Node;
import io.compresso.graph.Renaming;
import io.compresso.graph.ValueInfo;
import io.compresso.tensor.DType;
import io.compresso.tensor.Tensor;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Puts the nodes of the branch that is taken in the place of an {@code If} of a known condition.
 */
final class InlineBranches extends Rewriting {
  InlineBranches() {
    super("If");
  }

  @Override
  void rewrite(GraphView view, Node node, Edit edit) {
    Tensor condition = view.constant(node.input(0));
    if (condition == null || condition.dtype() != DType.BOOL || condition.size() != 1) {
      return;
    }
    Graph branch = node.graphAttribute(condition.getLong(0) != 0 ? "then_branch" : "else_branch");
    if (branch == null
        || !branch.inputs().isEmpty()
        || branch.outputs().size() < node.outputs().size()
        || !edit.free(List.of(node))) {
      return;
    }
    // What the branch defines may be called as something around it.
    Map<String, String> names = new HashMap<>();
    branch
        .initializers()
        .forEach((name, value) -> names.put(name, edit.constant(node.label() + "/" + name, value)));
    for (Node inner : branch.nodes()) {
      for (String output : inner.outputs()) {
        if (!output.isEmpty()) {
          names.put(output, edit.fresh(node.label() + "/" + output));
        }
      }
    }
    List<Node> after = new ArrayList<>();
    for (Node inner : branch.nodes()) {
      Node renamed = Renaming.reads(inner, name -> names.getOrDefault(name, name));
      after.add(
          NodeBuilder.like(renamed)
              .name(inner.name().isEmpty() ? "" : edit.fresh(node.label() + "/" + inner.name()))
              .outputs(
                  inner.outputs().stream().map(name -> names.getOrDefault(name, name)).toList())
              .build());
    }
    for (int i = 0; i < node.outputs().size(); i++) {
      String output = node.outputs().get(i);
      if (!output.isEmpty()) {
        ValueInfo result = branch.outputs().get(i);
        after.add(
            NodeBuilder.onnx("Identity")
                .inputs(names.getOrDefault(result.name(), result.name()))
                .outputs(output)
                .build());
      }
    }
    edit.replace(List.of(node), after.toArray(Node[]::new));
  }
}
