package io.compresso.engine;

import io.compresso.graph.Attribute;
import io.compresso.graph.FreshNames;
import io.compresso.graph.Graph;
import io.compresso.graph.GraphException;
import io.compresso.graph.Model;
import io.compresso.graph.Node;
import io.compresso.graph.Pass;
import io.compresso.graph.Patch;
import io.compresso.tensor.Tensor;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Brings a model to a newer version of ONNX's own operator set, by the changes that the operators'
 * specifications list. A model that is there already stays as it is.
 */
public final class UpgradeOpset implements Pass {
  private static final int OLDEST = 7;
  private static final int NEWEST = 21;

  private final int target;

  /**
   * An upgrade.
   *
   * @param target the version to reach, 13 to 21
   */
  public UpgradeOpset(int target) {
    if (target < 13 || target > NEWEST) {
      throw new IllegalArgumentException("operator set " + target + " is not one of 13 to 21");
    }
    this.target = target;
  }

  /**
   * The upgrade.
   *
   * @throws GraphException if a node cannot be expressed in the newer version, naming it
   */
  @Override
  public Patch patch(Model model) {
    Patch patch = new Patch();
    int from = model.opset();
    if (from >= target) {
      return patch;
    }
    if (from < OLDEST) {
      throw new GraphException(
          "operator set " + from + " is older than " + OLDEST + ", the oldest that is supported");
    }
    if (!model.functions().isEmpty()) {
      throw new GraphException("local functions must be inlined before the operator set changes");
    }
    FreshNames names = new FreshNames(model.graph());
    NodeUpgrade upgrade = new NodeUpgrade(from, target, ShapeInference.infer(model));
    for (Node node : model.graph().nodes()) {
      Rewriting rewriting = new Rewriting(names);
      Node inner = upgradeBodies(node, upgrade, names);
      upgrade.rewrite(inner, rewriting);
      if (rewriting.nodes.size() != 1 || rewriting.nodes.getFirst() != node) {
        patch.remove(node);
        rewriting.nodes.forEach(patch::add);
      }
      rewriting.constants.forEach(patch::initializer);
    }
    return patch.opsetImport("", target).irVersion(irVersion(target));
  }

  /** The IR version of the ONNX release that brought the operator set. */
  private static long irVersion(int opset) {
    return opset < 15 ? 7 : opset < 19 ? 8 : opset < 21 ? 9 : 10;
  }

  private static Node upgradeBodies(Node node, NodeUpgrade upgrade, FreshNames names) {
    Node result = node;
    for (Map.Entry<String, Attribute> attribute : node.attributes().entrySet()) {
      switch (attribute.getValue()) {
        case Attribute.GraphValue(Graph body) ->
            result =
                result.withAttribute(
                    attribute.getKey(), Attribute.of(upgradeBody(body, upgrade, names)));
        case Attribute.Graphs(List<Graph> bodies) ->
            result =
                result.withAttribute(
                    attribute.getKey(),
                    new Attribute.Graphs(
                        bodies.stream().map(body -> upgradeBody(body, upgrade, names)).toList()));
        default -> {}
      }
    }
    return result;
  }

  private static Graph upgradeBody(Graph body, NodeUpgrade upgrade, FreshNames names) {
    Rewriting rewriting = new Rewriting(names);
    for (Node node : body.nodes()) {
      upgrade.rewrite(upgradeBodies(node, upgrade, names), rewriting);
    }
    Map<String, Tensor> initializers = new LinkedHashMap<>(body.initializers());
    initializers.putAll(rewriting.constants);
    return new Graph(
        body.name(),
        body.inputs(),
        body.outputs(),
        rewriting.nodes,
        initializers,
        body.valueInfos(),
        body.annotations());
  }

  /** What nodes become: other nodes, and the constants that they read. */
  static final class Rewriting {
    final List<Node> nodes = new ArrayList<>();
    final Map<String, Tensor> constants = new LinkedHashMap<>();
    private final FreshNames names;

    Rewriting(FreshNames names) {
      this.names = names;
    }

    void emit(Node node) {
      nodes.add(node);
    }

    String name(String base) {
      return names.next(base);
    }

    String constant(String base, Tensor value) {
      String name = names.next(base);
      constants.put(name, value);
      return name;
    }
  }
}
