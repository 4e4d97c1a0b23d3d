package io.compresso.engine.pass;

import io.compresso.engine.ShapeInference;
import io.compresso.graph.Dim;
import io.compresso.graph.FreshNames;
import io.compresso.graph.Graph;
import io.compresso.graph.GraphException;
import io.compresso.graph.Model;
import io.compresso.graph.Node;
import io.compresso.graph.Patch;
import io.compresso.graph.ValueInfo;
import io.compresso.graph.ValueType;
import io.compresso.graph.ValueType.TensorType;
import io.compresso.op.Inferred;
import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What a pass asks of a graph: who makes a value, who reads it, what is constant, of which type.
 */
final class GraphView {
  private final Model model;
  private final Map<String, Node> producers = new HashMap<>();
  private final Map<String, List<Node>> readers = new HashMap<>();
  private final Set<String> outputs = new HashSet<>();
  private final Set<String> inputs = new HashSet<>();
  private final Set<String> operators = new HashSet<>();
  private final Map<String, Inferred> known;
  private @Nullable Map<String, Inferred> types;
  private @Nullable FreshNames names;

  GraphView(Model model) {
    this(model, null);
  }

  /**
   * As the other constructor, of a graph that a pass has changed.
   *
   * @param before the graph before, whose values mean the same where they have kept their names
   */
  GraphView(Model model, @Nullable GraphView before) {
    this.model = model;
    this.known = before == null ? Map.of() : before.types == null ? before.known : before.types;
    Graph graph = model.graph();
    graph.inputs().forEach(input -> inputs.add(input.name()));
    for (ValueInfo output : graph.outputs()) {
      outputs.add(output.name());
    }
    for (Node node : graph.nodes()) {
      operators.add(node.opType());
      for (String output : node.outputs()) {
        if (!output.isEmpty()) {
          producers.put(output, node);
        }
      }
      // A node that reads a value twice is there twice; subgraphs read as their node does.
      for (String input : node.inputs()) {
        readers.computeIfAbsent(input, _ -> new ArrayList<>(2)).add(node);
      }
      if (node.holdsGraphs()) {
        for (String read : Patch.reads(node)) {
          if (!node.inputs().contains(read)) {
            readers.computeIfAbsent(read, _ -> new ArrayList<>(2)).add(node);
          }
        }
      }
    }
  }

  Model model() {
    return model;
  }

  List<Node> nodes() {
    return model.graph().nodes();
  }

  /** Whether a node is of the operator, of any operator set. */
  boolean holds(String opType) {
    return operators.contains(opType);
  }

  /** Whether a node is of one of the operators. */
  boolean holdsAny(Set<String> opTypes) {
    return !Collections.disjoint(opTypes, operators);
  }

  /** The node that makes a value; null for inputs, constants and an omitted name. */
  @Nullable Node producer(@Nullable String value) {
    return value == null ? null : producers.get(value);
  }

  /** The nodes that read a value, one for each input that names it. */
  List<Node> readers(String value) {
    return readers.getOrDefault(value, List.of());
  }

  boolean isOutput(String value) {
    return outputs.contains(value);
  }

  /** Whether nothing reads the value. */
  boolean isUnread(@Nullable String value) {
    return value == null || readers(value).isEmpty() && !isOutput(value);
  }

  /** The one node that reads a value, once; null when there is another reader or an output. */
  @Nullable Node onlyReader(@Nullable String value) {
    if (value == null || isOutput(value)) {
      return null;
    }
    List<Node> nodes = readers(value);
    return nodes.size() == 1 && nodes.getFirst().inputs().contains(value) ? nodes.getFirst() : null;
  }

  /** The constant of the given name, or null. */
  @Nullable Tensor constant(@Nullable String value) {
    return value == null || inputs.contains(value) ? null : model.graph().initializers().get(value);
  }

  /** The constant when it is of floats, or null. */
  @Nullable Tensor floats(@Nullable String value) {
    Tensor constant = constant(value);
    return constant != null && constant.dtype() == DType.FLOAT ? constant : null;
  }

  /** The one element of a constant of floats, or null. */
  @Nullable Float scalar(@Nullable String value) {
    Tensor constant = floats(value);
    return constant == null || constant.size() != 1 ? null : (Float) constant.getFloat(0);
  }

  /** The element type of a tensor when it is known, or null. */
  @Nullable DType dtype(@Nullable String value) {
    return value != null && type(value) instanceof TensorType type ? type.dtype() : null;
  }

  /** The dimensions of a tensor when its rank is known, or null. */
  @Nullable List<Dim> dims(@Nullable String value) {
    return value != null && type(value) instanceof TensorType type ? type.dims() : null;
  }

  /** The rank of a tensor, -1 when it is not known. */
  int rank(@Nullable String value) {
    List<Dim> dims = dims(value);
    return dims == null ? -1 : dims.size();
  }

  /** The shape of a tensor when all its dimensions are known, or null. */
  @Nullable Shape shape(@Nullable String value) {
    return value != null && type(value) instanceof TensorType type ? type.shapeOrNull() : null;
  }

  /** The elements of an integer vector as far as they follow from shapes, or null. */
  @Nullable List<Dim> elements(String value) {
    return inferred(value).elements();
  }

  /** The type of a value as far as it is known. */
  ValueType type(String value) {
    return inferred(value).type();
  }

  private Inferred inferred(String value) {
    Map<String, Inferred> all = types;
    if (all == null) {
      Inferred before = known.get(value);
      if (before != null && ShapeInference.isSettled(before)) {
        return before;
      }
      all = infer();
      types = all;
    }
    return all.getOrDefault(value, Inferred.UNKNOWN);
  }

  private Map<String, Inferred> infer() {
    try {
      return ShapeInference.infer(model, known);
    } catch (GraphException _) {
      // What is wrong with the model comes up when it runs; nothing is known till then.
      return Map.of();
    }
  }

  /** A name that nothing has yet. */
  String fresh(String base) {
    FreshNames fresh = names;
    if (fresh == null) {
      fresh = new FreshNames(model.graph());
      names = fresh;
    }
    return fresh.next(base);
  }
}
