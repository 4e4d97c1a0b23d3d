package io.compresso.engine;

import io.compresso.graph.Graph;
import io.compresso.graph.GraphException;
import io.compresso.graph.Model;
import io.compresso.graph.Node;
import io.compresso.graph.Patch;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * A compiled model in which chosen values of the model it was compiled from are computed, without
 * being outputs.
 *
 * @param model the compiled model
 */
record ObservableGraph(Model model, Shown shown) {
  /**
   * What listeners see.
   *
   * @param names by the name of a value of the compiled graph, the name of the model's value
   * @param channelsLast the model's names of those whose channels are the last axis
   */
  record Shown(Map<String, String> names, Set<String> channelsLast) {
    /** A listener of the compiled graph's values that tells {@code listener} the model's names. */
    ValueListener translate(ValueListener listener) {
      return (name, value) -> {
        String own = names.get(name);
        if (own != null) {
          listener.onValue(own, value);
        }
      };
    }
  }

  /**
   * Compiles a model.
   *
   * @throws GraphException if a value to observe is not in the graph
   */
  static ObservableGraph compile(Model model, Observation observation) {
    Model compiled = GraphCompiler.compile(model, observation.values());
    Graph graph = compiled.graph();
    Map<String, String> shown = new HashMap<>();
    observation.values().forEach(name -> shown.put(name, name));
    Set<String> channelsLast = new HashSet<>();
    List<Node> nodes = new ArrayList<>(graph.nodes());
    if (observation.anyLayout()) {
      Set<String> read = new HashSet<>();
      graph.nodes().forEach(node -> read.addAll(Patch.reads(node)));
      model.graph().outputs().forEach(output -> read.add(output.name()));
      nodes.removeIf(node -> {
        String name = node.outputs().getFirst();
        if (!shown.containsKey(name) || read.contains(name) || !movesChannelsFirst(node)) {
          return false;
        }
        if (shown.putIfAbsent(node.inputs().getFirst(), name) != null) {
          return false;
        }
        shown.remove(name);
        channelsLast.add(name);
        return true;
      });
    }
    Graph reduced =
        new Graph(
            graph.name(),
            graph.inputs(),
            graph.outputs().subList(0, model.graph().outputs().size()),
            nodes,
            graph.initializers(),
            graph.valueInfos(),
            graph.annotations());
    return new ObservableGraph(compiled.withGraph(reduced), new Shown(shown, channelsLast));
  }

  private static boolean movesChannelsFirst(Node node) {
    long[] perm = node.is("Transpose") ? node.intsAttribute("perm", new long[0]) : new long[0];
    if (perm.length < 3 || perm[0] != 0 || perm[1] != perm.length - 1) {
      return false;
    }
    for (int axis = 2; axis < perm.length; axis++) {
      if (perm[axis] != axis - 1) {
        return false;
      }
    }
    return true;
  }
}
