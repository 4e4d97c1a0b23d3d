package io.compresso.technique.quantize;

import io.compresso.graph.Graph;
import io.compresso.graph.Model;
import io.compresso.graph.Node;
import io.compresso.graph.Patch;
import io.compresso.tensor.Tensor;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** What every rewriter ends with: a model of other nodes. */
final class RewrittenModel {
  private RewrittenModel() {}

  /**
   * The model with these nodes in place of its own, and of its constants and the new ones those
   * that are read. What was known of the types of values is dropped.
   *
   * @param contrib whether nodes are of {@link IntegerOperators#CONTRIB}
   */
  static Model of(Model model, List<Node> nodes, QuantConstants constants, boolean contrib) {
    Map<String, Integer> opsets = new LinkedHashMap<>(model.opsetImports());
    if (contrib) {
      opsets.putIfAbsent(IntegerOperators.CONTRIB, 1);
    }
    Graph graph = model.graph();
    Map<String, Tensor> initializers = new LinkedHashMap<>(graph.initializers());
    initializers.putAll(constants.tensors());
    Set<String> read = new HashSet<>();
    graph.outputs().forEach(output -> read.add(output.name()));
    nodes.forEach(node -> read.addAll(Patch.reads(node)));
    initializers.keySet().retainAll(read);
    return new Model(
        model.irVersion(),
        opsets,
        model.producer(),
        new Graph(
            graph.name(),
            graph.inputs(),
            graph.outputs(),
            nodes,
            initializers,
            Map.of(),
            graph.annotations()),
        model.functions(),
        model.annotations());
  }
}
