package io.compresso.engine;

import io.compresso.graph.Graph;
import io.compresso.graph.GraphException;
import io.compresso.graph.GraphVerifier;
import io.compresso.graph.Model;
import io.compresso.graph.Node;
import io.compresso.graph.Patch;
import io.compresso.graph.ValueInfo;
import io.compresso.graph.ValueType.TensorType;
import io.compresso.op.Inferred;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Declares the outputs of loops' bodies of which the model does not even say the rank, as far as it
 * follows: a loop without a turn has nothing else to tell what it would have stacked.
 */
final class TypeBodies {
  private TypeBodies() {}

  static Model apply(Model model) {
    if (model.graph().nodes().stream().noneMatch(TypeBodies::hasUntyped)) {
      return model;
    }
    Map<Graph, ShapeInference.Body> bodies;
    try {
      bodies = ShapeInference.inferBodies(model);
    } catch (GraphException _) {
      return model;
    }
    Patch patch = new Patch();
    for (Node node : model.graph().nodes()) {
      Node typed = typed(node, bodies);
      if (typed != node) {
        patch.replace(node, typed);
      }
    }
    return patch.isEmpty() ? model : patch.apply(model);
  }

  private static boolean hasUntyped(Node node) {
    if (!node.holdsGraphs()) {
      return false;
    }
    boolean stacks = node.is("Loop") || node.is("Scan");
    return node.attributes().values().stream()
        .flatMap(attribute -> GraphVerifier.bodies(attribute).stream())
        .anyMatch(body ->
            stacks && body.outputs().stream().anyMatch(TypeBodies::isUntyped)
                || body.nodes().stream().anyMatch(TypeBodies::hasUntyped));
  }

  private static boolean isUntyped(ValueInfo output) {
    return output.type().isUnknown()
        || output.type() instanceof TensorType type && type.dims() == null;
  }

  private static Node typed(Node node, Map<Graph, ShapeInference.Body> bodies) {
    return hasUntyped(node) ? node.mapGraphs(body -> typed(body, bodies.get(body), bodies)) : node;
  }

  private static Graph typed(
      Graph body, ShapeInference.@Nullable Body inferred, Map<Graph, ShapeInference.Body> bodies) {
    List<ValueInfo> outputs = new ArrayList<>();
    for (int i = 0; i < body.outputs().size(); i++) {
      ValueInfo output = body.outputs().get(i);
      Inferred follows = inferred == null ? Inferred.UNKNOWN : inferred.outputs().get(i);
      outputs.add(
          isUntyped(output) && !follows.type().isUnknown()
              ? new ValueInfo(output.name(), follows.type(), output.annotations())
              : output);
    }
    return new Graph(
        body.name(),
        body.inputs(),
        outputs,
        body.nodes().stream().map(node -> typed(node, bodies)).toList(),
        body.initializers(),
        body.valueInfos(),
        body.annotations());
  }
}
