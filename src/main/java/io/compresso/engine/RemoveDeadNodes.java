package io.compresso.engine;

import io.compresso.graph.Model;
import io.compresso.graph.Node;
import io.compresso.graph.Pass;
import io.compresso.graph.Patch;
import io.compresso.graph.ValueInfo;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** Removes the nodes on which no output of the graph depends. */
public final class RemoveDeadNodes implements Pass {
  @Override
  public Patch patch(Model model) {
    Patch patch = new Patch();
    Set<String> read = new HashSet<>();
    for (ValueInfo output : model.graph().outputs()) {
      read.add(output.name());
    }
    List<Node> nodes = model.graph().nodes();
    for (Node node : nodes.reversed()) {
      if (node.outputs().stream().anyMatch(read::contains)) {
        read.addAll(Patch.reads(node));
      } else {
        patch.remove(node);
      }
    }
    return patch;
  }
}
