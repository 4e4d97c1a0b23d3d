package io.compresso.op;

import io.compresso.graph.Graph;
import io.compresso.graph.GraphException;
import io.compresso.graph.Node;
import io.compresso.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Runs one of two subgraphs. */
final class If extends StandardOperator {
  If() {
    super("If", 1, 11, 13, 16, 19, 21, 23, 24, 25);
  }

  @Override
  public ShapeRule shapeRule() {
    return context -> {
      List<Inferred> left = context.infer(branch(context.node(), true), List.of());
      List<Inferred> right = context.infer(branch(context.node(), false), List.of());
      List<Inferred> result = new ArrayList<>();
      for (int i = 0; i < Math.min(left.size(), right.size()); i++) {
        result.add(Inferred.of(Dims.either(left.get(i).type(), right.get(i).type())));
      }
      return result;
    };
  }

  @Override
  public Optional<Reference> reference() {
    return Optional.of(context -> {
      Tensor condition = context.tensor(0);
      if (condition.size() != 1) {
        throw context.error("condition " + condition + " is not one element");
      }
      return context.run(branch(context.node(), condition.getLong(0) != 0), Map.of());
    });
  }

  private static Graph branch(Node node, boolean condition) {
    String name = condition ? "then_branch" : "else_branch";
    Graph graph = node.graphAttribute(name);
    if (graph == null) {
      throw new GraphException(node, "attribute '" + name + "' is missing");
    }
    return graph;
  }
}
