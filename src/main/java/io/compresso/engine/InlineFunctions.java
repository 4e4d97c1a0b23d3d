package io.compresso.engine;

import io.compresso.graph.Attribute;
import io.compresso.graph.FreshNames;
import io.compresso.graph.Function;
import io.compresso.graph.Functions;
import io.compresso.graph.Graph;
import io.compresso.graph.GraphException;
import io.compresso.graph.Model;
import io.compresso.graph.Node;
import io.compresso.graph.Pass;
import io.compresso.graph.Patch;
import io.compresso.graph.Renaming;
import io.compresso.op.OperatorCatalog;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Puts the bodies of local functions in the place of their calls; no function is left. */
public final class InlineFunctions implements Pass {
  /**
   * One level of calls.
   *
   * @throws GraphException if a function's operators mean something else in the operator sets that
   *     the model imports, naming the node
   */
  @Override
  public Patch patch(Model model) {
    Patch patch = new Patch();
    if (model.functions().isEmpty()) {
      return patch;
    }
    Inliner inliner = new Inliner(model, patch);
    boolean changed = false;
    for (Node node : model.graph().nodes()) {
      List<Node> nodes = inliner.inline(node);
      if (nodes.size() != 1 || nodes.getFirst() != node) {
        changed = true;
        patch.remove(node);
        nodes.forEach(patch::add);
      }
    }
    return changed ? patch : patch.dropFunctions();
  }

  private static final class Inliner {
    private final Model model;
    private final Patch patch;
    private final Functions functions;
    private final FreshNames names;

    Inliner(Model model, Patch patch) {
      this.model = model;
      this.patch = patch;
      this.functions = new Functions(model);
      this.names = new FreshNames(model.graph());
    }

    /** What stands in the node's place: itself when there is nothing to inline. */
    List<Node> inline(Node node) {
      Node inner = inlineBodies(node);
      Function function = functions.find(node);
      return function == null ? List.of(inner) : body(inner, function);
    }

    private Node inlineBodies(Node node) {
      Node result = node;
      for (Map.Entry<String, Attribute> entry : node.attributes().entrySet()) {
        if (entry.getValue() instanceof Attribute.GraphValue(Graph body)) {
          List<Node> nodes = new ArrayList<>();
          body.nodes().forEach(each -> nodes.addAll(inline(each)));
          if (!nodes.equals(body.nodes())) {
            Graph inlined =
                new Graph(
                    body.name(),
                    body.inputs(),
                    body.outputs(),
                    nodes,
                    body.initializers(),
                    body.valueInfos(),
                    body.annotations());
            result = result.withAttribute(entry.getKey(), Attribute.of(inlined));
          }
        }
      }
      return result;
    }

    private List<Node> body(Node call, Function function) {
      List<Node> nodes = Functions.body(function, call);
      importOpsets(call, function, nodes);
      Map<String, String> renamed = new HashMap<>();
      for (int i = 0; i < function.inputs().size(); i++) {
        String given = call.input(i);
        renamed.put(function.inputs().get(i), given == null ? "" : given);
      }
      List<Node> result = new ArrayList<>();
      for (int i = 0; i < call.outputs().size(); i++) {
        String inside = function.outputs().get(i);
        String outside = call.outputs().get(i);
        if (outside.isEmpty()) {
          continue;
        }
        if (renamed.containsKey(inside)) {
          result.add(Node.of("Identity", List.of(renamed.get(inside)), List.of(outside), Map.of()));
        } else {
          renamed.put(inside, outside);
        }
      }
      Set<String> defined = new HashSet<>();
      nodes.forEach(node -> defined.addAll(node.outputs()));
      defined.remove("");
      for (String name : defined) {
        renamed.computeIfAbsent(name, _ -> names.next(call.label() + "/" + name));
      }
      for (Node node : nodes) {
        Node named = Renaming.reads(node, name -> renamed.getOrDefault(name, name));
        String name = node.name().isEmpty() ? "" : names.next(call.label() + "/" + node.name());
        result.add(
            new Node(
                name,
                node.domain(),
                node.opType(),
                node.overload(),
                named.inputs(),
                node.outputs().stream().map(out -> renamed.getOrDefault(out, out)).toList(),
                named.attributes(),
                node.annotations()));
      }
      return result;
    }

    private void importOpsets(Node call, Function function, List<Node> nodes) {
      function
          .opsetImports()
          .forEach((domain, version) -> {
            Integer own = model.opsetImports().get(domain);
            if (own == null) {
              patch.opsetImport(domain, version);
            }
          });
      for (Node node : nodes) {
        Integer inside = function.opsetImports().get(node.domain());
        Integer outside = model.opsetImports().get(node.domain());
        if (inside != null
            && outside != null
            && !inside.equals(outside)
            && schema(node, inside) != schema(node, outside)) {
          throw new GraphException(
              call,
              "calls a function whose %s is of operator set %d, the model imports %d"
                  .formatted(node.opType(), inside, outside));
        }
      }
    }

    /** The version in which the operator last changed. */
    private static int schema(Node node, int opset) {
      return OperatorCatalog.find(node.domain(), node.opType())
          .map(operator ->
              operator.versions().stream().filter(version -> version <= opset).reduce(0, Math::max))
          .orElse(opset);
    }
  }
}
