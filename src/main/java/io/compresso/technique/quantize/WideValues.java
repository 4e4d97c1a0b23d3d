package io.compresso.technique.quantize;

import io.compresso.graph.Node;
import io.compresso.technique.quantize.QuantPlan.Kind;
import java.util.HashSet;
import java.util.Set;
import java.util.function.Predicate;

/** Finds the integer values that nodes of 16-bit activations read and give. */
final class WideValues {
  private WideValues() {}

  /**
   * The inputs and outputs of the nodes, with what elements are only moved from or to: both ends of
   * a move have one quantization.
   */
  static Set<String> around(GraphIndex index, QuantPlan plan, Predicate<Node> nodes) {
    Set<String> wide = new HashSet<>();
    for (Node node : index.graph().nodes()) {
      if (plan.isQuantized(node) && plan.kind(node) != Kind.PASS_THROUGH && nodes.test(node)) {
        node.inputs().stream().filter(plan::isInteger).forEach(wide::add);
        String output = plan.output(node);
        if (plan.isInteger(output)) {
          wide.add(output);
        }
      }
    }
    boolean changed = !wide.isEmpty();
    while (changed) {
      changed = false;
      for (Node node : index.graph().nodes()) {
        if (plan.kind(node) != Kind.PASS_THROUGH) {
          continue;
        }
        boolean any =
            wide.contains(node.inputs().getFirst())
                || node.outputs().stream().anyMatch(wide::contains);
        if (any) {
          changed |= wide.add(node.inputs().getFirst());
          for (String output : node.outputs()) {
            changed |= !output.isEmpty() && wide.add(output);
          }
        }
      }
    }
    return wide;
  }
}
