package io.compresso.technique.quantize;

import io.compresso.graph.Graph;
import io.compresso.graph.Model;
import io.compresso.graph.Node;
import io.compresso.graph.Pass;
import io.compresso.graph.Patch;
import java.util.List;
import java.util.Set;

/**
 * Moves a Relu before an operator that only moves elements or takes maxima, so that it follows the
 * operator whose output range it cuts.
 */
final class HoistRelu implements Pass {
  private static final Set<String> MONOTONE =
      Set.of("MaxPool", "Reshape", "Transpose", "Flatten", "Squeeze", "Unsqueeze", "Identity");

  @Override
  public Patch patch(Model model) {
    Graph graph = model.graph();
    GraphIndex index = new GraphIndex(graph);
    Names names = new Names(index.names());
    Patch patch = new Patch();
    for (Node relu : graph.nodes()) {
      Node mover = relu.is("Relu") ? index.producer(relu.inputs().getFirst()) : null;
      if (mover == null
          || !mover.domain().isEmpty()
          || !MONOTONE.contains(mover.opType())
          || mover.outputs().size() != 1
          || index.onlyReader(mover.outputs().getFirst()) != relu) {
        continue;
      }
      String data = mover.inputs().getFirst();
      if (index.producer(data) == null || index.onlyReader(data) != mover) {
        continue;
      }
      String positive = names.fresh(data, "_relu");
      patch.replace(
          mover,
          mover
              .mapInputs(input -> input.equals(data) ? positive : input)
              .withOutputs(relu.outputs()));
      patch.replace(relu, relu.withInputs(List.of(data)).withOutputs(List.of(positive)));
      return patch;
    }
    return patch;
  }
}
