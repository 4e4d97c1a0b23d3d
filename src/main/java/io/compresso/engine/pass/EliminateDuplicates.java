package io.compresso.engine.pass;

import io.compresso.graph.Attribute;
import io.compresso.graph.Node;
import io.compresso.graph.Patch;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

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

  private record Key(
      String domain,
      String opType,
      List<String> inputs,
      Map<String, Attribute> attributes,
      List<Boolean> outputs) {}

  @Override
  public Patch patch(GraphView view) {
    Patch patch = new Patch();
    Map<Key, Node> first = new HashMap<>();
    Set<String> renamed = new HashSet<>();
    for (Node node : view.nodes()) {
      boolean body =
          node.attributes().values().stream()
              .anyMatch(attribute ->
                  attribute instanceof Attribute.GraphValue
                      || attribute instanceof Attribute.Graphs);
      // What reads a renamed value is looked at in the next round, under its new inputs.
      if (body
          || RANDOM.contains(node.opType())
          || node.inputs().stream().anyMatch(renamed::contains)) {
        continue;
      }
      Key key =
          new Key(
              node.domain(),
              node.opType(),
              node.inputs(),
              node.attributes(),
              node.outputs().stream().map(String::isEmpty).toList());
      Node same = first.putIfAbsent(key, node);
      if (same == null || node.outputs().stream().anyMatch(view::isOutput)) {
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
}
