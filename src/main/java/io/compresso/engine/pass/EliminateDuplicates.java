package io.compresso.engine.pass;

import io.compresso.graph.Node;
import io.compresso.graph.Patch;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Lets nodes that compute the same of the same be one. */
final class EliminateDuplicates implements ViewPass {
  private static final Set<String> RANDOM =
      Set.of(
          "Bernoulli",
          "Dropout",
          "Multinomial",
          "RandomNormal",
          "RandomNormalLike",
          "RandomUniform",
          "RandomUniformLike");

  @Override
  public Patch patch(GraphView view) {
    Patch patch = new Patch();
    Map<List<String>, List<Node>> others = new HashMap<>();
    Set<String> renamed = new HashSet<>();
    for (Node node : view.nodes()) {
      // What reads a renamed value is looked at in the next round, under its new inputs.
      if (node.holdsGraphs()
          || RANDOM.contains(node.opType())
          || !Collections.disjoint(node.inputs(), renamed)) {
        continue;
      }
      List<Node> first = others.computeIfAbsent(node.inputs(), _ -> new ArrayList<>(1));
      Node same = find(first, node);
      if (same == null) {
        first.add(node);
        continue;
      }
      if (node.outputs().stream().anyMatch(view::isOutput)) {
        continue;
      }
      patch.remove(node);
      for (int i = 0; i < node.outputs().size(); i++) {
        String output = node.outputs().get(i);
        if (!output.isEmpty()) {
          patch.renameUses(output, same.outputs().get(i));
          renamed.add(output);
        }
      }
    }
    return patch;
  }

  /** The one of some nodes of the same inputs that computes what {@code node} computes, or null. */
  private static @Nullable Node find(List<Node> nodes, Node node) {
    for (Node other : nodes) {
      if (other.opType().equals(node.opType())
          && other.domain().equals(node.domain())
          && other.attributes().equals(node.attributes())
          && given(other).equals(given(node))) {
        return other;
      }
    }
    return null;
  }

  /** Which outputs somebody reads. */
  private static List<Boolean> given(Node node) {
    return node.outputs().stream().map(name -> !name.isEmpty()).toList();
  }
}
