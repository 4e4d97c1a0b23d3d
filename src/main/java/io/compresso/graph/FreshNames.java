package io.compresso.graph;

import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** Makes names that nothing in a graph or in its subgraphs has yet. */
public final class FreshNames {
  private final Set<String> taken = new HashSet<>();

  public FreshNames(Graph graph) {
    collect(graph);
  }

  private void collect(Graph graph) {
    graph.inputs().forEach(info -> taken.add(info.name()));
    graph.outputs().forEach(info -> taken.add(info.name()));
    taken.addAll(graph.initializers().keySet());
    collect(graph.nodes());
  }

  private void collect(List<Node> nodes) {
    for (Node node : nodes) {
      taken.add(node.name());
      taken.addAll(node.inputs());
      taken.addAll(node.outputs());
      node.attributes()
          .values()
          .forEach(attribute -> GraphVerifier.bodies(attribute).forEach(this::collect));
    }
  }

  /**
   * {@code base}, with a number behind it where it is taken; the same name is never given twice.
   */
  public String next(String base) {
    String name = base;
    for (int i = 1; !taken.add(name); i++) {
      name = base + "_" + i;
    }
    return name;
  }
}
