package io.compresso.engine;

import io.compresso.graph.Model;
import io.compresso.graph.Node;
import io.compresso.graph.Pass;
import io.compresso.graph.Patch;
import io.compresso.graph.ValueInfo;
import java.util.Collections;
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
      if (Collections.disjoint(node.outputs(), read)) {
        patch.remove(node);
      } else if (node.holdsGraphs()) {
        read.addAll(Patch.reads(node));
      } else {
        read.addAll(node.inputs());
      }
    }
    return patch;
  }
}
