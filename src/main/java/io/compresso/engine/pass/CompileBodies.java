package io.compresso.engine.pass;

import io.compresso.engine.ShapeInference;
import io.compresso.graph.Graph;
import io.compresso.graph.GraphException;
import io.compresso.graph.GraphVerifier;
import io.compresso.graph.Model;
import io.compresso.graph.Node;
import io.compresso.graph.Patch;
import io.compresso.graph.ValueInfo;
import io.compresso.graph.ValueType;
import io.compresso.graph.ValueType.TensorType;
import io.compresso.op.Inferred;
import io.compresso.tensor.Tensor;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Compiles the subgraphs of a compiled graph as graphs of their own: the values around that they
 * read are constants, or inputs of the types that are known of them. What a subgraph declares of
 * its values is not relied on where it does not follow.
 */
final class CompileBodies {
  private static final int IR_WITHOUT_DEFAULTS = 4;

  private final GraphView view;
  private final LayoutChoice layout;
  private final Map<String, Integer> opsets;
  private @Nullable Map<Graph, ShapeInference.Body> bodies;

  private CompileBodies(GraphView view, LayoutChoice layout) {
    this.view = view;
    this.layout = layout;
    this.opsets = new LinkedHashMap<>(view.model().opsetImports());
  }

  /** The model with its subgraphs, and those in them, compiled. */
  static Model apply(GraphView view, LayoutChoice layout) {
    CompileBodies bodies = new CompileBodies(view, layout);
    Patch patch = new Patch();
    for (Node node : view.nodes()) {
      if (!node.holdsGraphs()) {
        continue;
      }
      Node compiled = node.mapGraphs(bodies::compile);
      if (compiled != node) {
        patch.replace(node, compiled);
      }
    }
    if (patch.isEmpty()) {
      return view.model();
    }
    bodies.opsets.forEach(patch::opsetImport);
    return patch.apply(view.model());
  }

  private Graph compile(Graph body) {
    Model closed = close(body);
    if (closed == null) {
      return body;
    }
    Model compiled = Optimization.apply(closed, layout);
    opsets.putAll(compiled.opsetImports());
    Graph graph = compiled.graph();
    return new Graph(
        body.name(),
        body.inputs(),
        body.outputs(),
        graph.nodes(),
        graph.initializers(),
        Map.of(),
        body.annotations());
  }

  /**
   * The subgraph as a model; null for one that is wrong, which a run may never come to, and where
   * not all shapes are known of what it reads: such a one cannot be bound.
   */
  private @Nullable Model close(Graph body) {
    if (body.inputs().stream().anyMatch(input -> body.initializers().containsKey(input.name()))) {
      return null;
    }
    List<ValueInfo> given = new ArrayList<>();
    ShapeInference.Body inferred = bodies().get(body);
    List<Inferred> known = inferred == null ? List.of() : inferred.inputs();
    for (int i = 0; i < body.inputs().size(); i++) {
      ValueInfo input = body.inputs().get(i);
      ValueType type = i < known.size() ? known.get(i).type() : ValueType.UNKNOWN;
      given.add(new ValueInfo(input.name(), type));
    }
    Map<String, Tensor> constants = new LinkedHashMap<>(body.initializers());
    for (String name : Patch.reads(body)) {
      Tensor constant = view.constant(name);
      if (constant != null) {
        constants.put(name, constant);
      } else {
        given.add(new ValueInfo(name, view.type(name)));
      }
    }
    if (!given.stream().allMatch(CompileBodies::isFixed)) {
      return null;
    }
    Model around = view.model();
    Model closed =
        new Model(
            Math.max(IR_WITHOUT_DEFAULTS, around.irVersion()),
            around.opsetImports(),
            around.producer(),
            new Graph(
                body.name(),
                given,
                body.outputs().stream()
                    .map(output -> new ValueInfo(output.name(), ValueType.UNKNOWN))
                    .toList(),
                body.nodes(),
                constants,
                Map.of(),
                body.annotations()),
            around.functions(),
            around.annotations());
    try {
      GraphVerifier.verify(closed);
      return closed;
    } catch (GraphException _) {
      return null;
    }
  }

  private static boolean isFixed(ValueInfo input) {
    return input.type() instanceof TensorType type && type.shapeOrNull() != null;
  }

  private Map<Graph, ShapeInference.Body> bodies() {
    Map<Graph, ShapeInference.Body> known = bodies;
    if (known == null) {
      try {
        known = ShapeInference.inferBodies(view.model());
      } catch (GraphException _) {
        known = Map.of();
      }
      bodies = known;
    }
    return known;
  }
}
