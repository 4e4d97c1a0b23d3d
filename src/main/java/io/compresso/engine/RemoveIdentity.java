package io.compresso.engine;

import io.compresso.graph.Graph;
import io.compresso.graph.Model;
import io.compresso.graph.Node;
import io.compresso.graph.Pass;
import io.compresso.graph.Patch;
import io.compresso.graph.ValueInfo;
import io.compresso.tensor.Tensor;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Removes nodes that give their input on: {@code Identity}, and {@code Dropout} outside of training
 * when nobody reads its mask. A graph's output keeps its name: the producer takes it over; where
 * there is none that could, the node stays.
 */
public final class RemoveIdentity implements Pass {
  @Override
  public Patch patch(Model model) {
    Patch patch = new Patch();
    if (model.graph().nodes().stream().noneMatch(RemoveIdentity::mayGiveOn)) {
      return patch;
    }
    Graph graph = model.graph();
    Set<String> outputs = new HashSet<>();
    for (ValueInfo output : graph.outputs()) {
      outputs.add(output.name());
    }
    Set<String> read = new HashSet<>(outputs);
    Map<String, Node> producers = new HashMap<>();
    for (Node node : graph.nodes()) {
      read.addAll(Patch.reads(node));
      node.outputs().forEach(name -> producers.put(name, node));
    }
    for (Node node : graph.nodes()) {
      String from = node.input(0);
      String to = node.output(0);
      if (from == null || to == null || !givesOn(node, model, read)) {
        continue;
      }
      if (!outputs.contains(to)) {
        patch.remove(node).renameUses(to, from);
      } else if (patch.isEmpty() && producers.containsKey(from) && !outputs.contains(from)) {
        Node producer = producers.get(from);
        List<String> names =
            producer.outputs().stream().map(name -> name.equals(from) ? to : name).toList();
        return patch
            .remove(node)
            .replace(producer, producer.withOutputs(names))
            .renameUses(from, to);
      }
    }
    return patch;
  }

  private static boolean mayGiveOn(Node node) {
    return node.is("Identity") || node.is("Dropout");
  }

  private static boolean givesOn(Node node, Model model, Set<String> read) {
    if (node.is("Identity")) {
      return true;
    }
    if (!node.is("Dropout") || node.output(1) != null && read.contains(node.output(1))) {
      return false;
    }
    String training = node.input(2);
    if (training == null) {
      return true;
    }
    Tensor value = model.graph().initializers().get(training);
    return value != null && value.size() == 1 && value.getLong(0) == 0;
  }
}
