package io.compresso.engine;

import io.compresso.engine.pass.LayoutChoice;
import io.compresso.engine.pass.Optimization;
import io.compresso.graph.Attribute;
import io.compresso.graph.Graph;
import io.compresso.graph.GraphException;
import io.compresso.graph.GraphVerifier;
import io.compresso.graph.Model;
import io.compresso.graph.Node;
import io.compresso.graph.ValueInfo;
import io.compresso.graph.ValueType;
import io.compresso.graph.ValueType.TensorType;
import io.compresso.op.Operator;
import io.compresso.op.OperatorCatalog;
import io.compresso.tensor.TensorSpec;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * Rewrites a model into one that gives the same outputs in less time: operators fused, quantized
 * regions in integers, convolutions with their channels innermost. The result holds operators of
 * the engine's own set and never leaves the engine.
 *
 * <p>A value that keeps its name keeps its meaning and its layout.
 */
final class GraphCompiler {
  private GraphCompiler() {}

  /**
   * The compiled model.
   *
   * @param model a verified model
   * @param kept names of values that are outputs of the result besides the model's own
   * @throws GraphException if a value to keep is not in the graph
   */
  static Model compile(Model model, Set<String> kept) {
    return compile(model, kept, LayoutChoice.QUICKEST);
  }

  /** As {@link #compile(Model, Set)}, with a choice of layouts. */
  static Model compile(Model model, Set<String> kept, LayoutChoice layout) {
    return Optimization.apply(open(model, kept), layout);
  }

  /**
   * Whether a compiled model has nodes with subgraphs whose choice, or whose optimization, may
   * follow from the shapes of the model's inputs, which the model leaves open.
   */
  static boolean isSpecialisable(Model compiled) {
    Graph graph = compiled.graph();
    return graph.nodes().stream().anyMatch(Node::holdsGraphs)
        && graph.requiredInputs().stream()
            .anyMatch(
                input -> input.type() instanceof TensorType type && type.shapeOrNull() == null);
  }

  /**
   * Whether a model is better compiled once the shapes of its inputs are known: it may be
   * specialised, and all its operators are there, of which else the compilation would tell.
   */
  static boolean isPostponable(Model model) {
    return model.functions().isEmpty()
        && isSpecialisable(model)
        && model.graph().nodes().stream().allMatch(GraphCompiler::isKnown);
  }

  private static boolean isKnown(Node node) {
    return OperatorCatalog.find(node.domain(), node.opType())
            .flatMap(Operator::reference)
            .isPresent()
        && node.attributes().values().stream()
            .flatMap(attribute -> GraphVerifier.bodies(attribute).stream())
            .flatMap(body -> body.nodes().stream())
            .allMatch(GraphCompiler::isKnown);
  }

  /**
   * The compiled model for inputs of these types and shapes alone.
   *
   * @param model a verified model
   * @param specs of the inputs that a run must supply, in the model's order
   */
  static Model specialise(Model model, List<TensorSpec> specs) {
    Model open = open(model, Set.of());
    Graph graph = open.graph();
    List<ValueInfo> inputs = new ArrayList<>();
    for (int i = 0; i < specs.size(); i++) {
      TensorSpec spec = specs.get(i);
      ValueInfo input = graph.inputs().get(i);
      ValueType type = ValueType.tensor(spec.dtype(), spec.shape());
      inputs.add(new ValueInfo(input.name(), type, input.annotations()));
    }
    return Optimization.apply(
        open.withGraph(
            new Graph(
                graph.name(),
                inputs,
                graph.outputs(),
                graph.nodes(),
                graph.initializers(),
                graph.valueInfos(),
                graph.annotations())),
        LayoutChoice.QUICKEST);
  }

  /** The model with fixed initializers and more outputs. */
  private static Model open(Model model, Set<String> kept) {
    Graph graph = model.graph();
    Set<String> missing = new LinkedHashSet<>(kept);
    graph.outputs().forEach(output -> missing.remove(output.name()));
    List<ValueInfo> outputs = new ArrayList<>(graph.outputs());
    missing.forEach(name -> outputs.add(new ValueInfo(name, ValueType.UNKNOWN)));
    Set<String> defined = new LinkedHashSet<>(graph.initializers().keySet());
    graph.inputs().forEach(input -> defined.add(input.name()));
    graph.nodes().forEach(node -> defined.addAll(node.outputs()));
    for (String name : missing) {
      if (name.isEmpty() || !defined.contains(name)) {
        throw new GraphException("value '" + name + "' is not in the graph");
      }
    }
    return model.withGraph(
        new Graph(
            graph.name(),
            graph.requiredInputs(),
            outputs,
            graph.nodes(),
            graph.initializers(),
            graph.valueInfos(),
            graph.annotations()));
  }

  /**
   * Checks that a model has no operators of the engine's own set.
   *
   * @throws GraphException if there is one, naming the node
   */
  static void requireForeign(Model model) {
    requireForeign(model.graph().nodes());
    model.functions().forEach(function -> requireForeign(function.nodes()));
  }

  private static void requireForeign(List<Node> nodes) {
    for (Node node : nodes) {
      if (node.domain().equals(OperatorCatalog.INTERNAL)) {
        throw new GraphException(
            node, "the operator set '" + node.domain() + "' is reserved for the engine");
      }
      for (Attribute attribute : node.attributes().values()) {
        GraphVerifier.bodies(attribute).forEach(body -> requireForeign(body.nodes()));
      }
    }
  }
}
