package io.compresso.technique.quantize;

import io.compresso.engine.Session;
import io.compresso.engine.SessionOptions;
import io.compresso.graph.Dim;
import io.compresso.graph.Graph;
import io.compresso.graph.GraphException;
import io.compresso.graph.Model;
import io.compresso.graph.Node;
import io.compresso.graph.Pass;
import io.compresso.graph.Patch;
import io.compresso.graph.ValueInfo;
import io.compresso.graph.ValueType;
import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import io.compresso.tensor.Value;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.ToIntFunction;

/**
 * Brings a model into the form that is quantized: initializers are constants, foldings are done,
 * and the operator set knows quantization by axis.
 */
final class PrepareGraph {
  /** The first operator set with DequantizeLinear by axis. */
  static final int OPSET = 13;

  private static final long IR_VERSION = 7;
  private static final int MOST_ROUNDS = 1000;

  private PrepareGraph() {}

  /** The prepared model: the same function. */
  static Model prepare(Model model) {
    Map<String, Integer> ranks = ranks(model);
    ToIntFunction<String> rankOf = value -> ranks.getOrDefault(value, -1);
    Model raised = RaiseOpset.raise(freeze(model), rankOf);
    Model constant = foldConstants(raised);
    List<Pass> passes =
        List.of(new FoldBatchNormalization(), new FoldBias(rankOf), new HoistRelu());
    Model prepared = constant;
    for (Pass pass : passes) {
      prepared = apply(prepared, pass);
    }
    return prepared;
  }

  /** Nodes that depend on constants alone become initializers, where these are read. */
  private static Model foldConstants(Model model) {
    Graph graph = model.graph();
    try (Session session = Session.create(model, SessionOptions.DEFAULT)) {
      Map<String, Value> known = session.constants();
      Patch patch = new Patch();
      for (Node node : graph.nodes()) {
        if (node.outputs().stream()
            .allMatch(output -> output.isEmpty() || known.get(output) instanceof Tensor)) {
          patch.remove(node);
          for (String output : node.outputs()) {
            if (known.get(output) instanceof Tensor tensor) {
              patch.initializer(output, tensor.copy());
            }
          }
        }
      }
      return patch.isEmpty() ? model : model.withGraph(patch.apply(graph));
    }
  }

  /** The rank of each value, as far as the model states it or a run on zeros shows it. */
  private static Map<String, Integer> ranks(Model model) {
    Map<String, Integer> ranks = new HashMap<>();
    model.graph().valueInfos().values().forEach(info -> addRank(ranks, info));
    model.graph().outputs().forEach(info -> addRank(ranks, info));
    Map<String, Tensor> zeros = new HashMap<>();
    for (ValueInfo input : model.graph().requiredInputs()) {
      addRank(ranks, input);
      if (input.type() instanceof ValueType.TensorType(DType dtype, List<Dim> dims)
          && dims != null) {
        long[] sizes =
            dims.stream()
                .mapToLong(dim -> dim instanceof Dim.Fixed(long size) ? size : 1)
                .toArray();
        zeros.put(input.name(), Tensor.allocate(dtype, Shape.of(sizes)));
      }
    }
    try (Session session = Session.create(model, SessionOptions.DEFAULT)) {
      session.run(
          zeros,
          (name, value) -> {
            if (value instanceof Tensor tensor) {
              ranks.putIfAbsent(name, tensor.shape().rank());
            }
          });
    } catch (GraphException _) {
      // Zeros need not be valid inputs; what was seen until then is still true.
    }
    return ranks;
  }

  private static void addRank(Map<String, Integer> ranks, ValueInfo info) {
    if (info.type() instanceof ValueType.TensorType(var _, var dims) && dims != null) {
      ranks.put(info.name(), dims.size());
    }
  }

  /** Applies the pass until it has nothing to do. */
  static Model apply(Model model, Pass pass) {
    Model result = model;
    for (int round = 0; round < MOST_ROUNDS; round++) {
      Patch patch = pass.patch(result);
      if (patch.isEmpty()) {
        break;
      }
      result = result.withGraph(patch.apply(result.graph()));
    }
    return result;
  }

  /** Initializers that are also inputs, defaults that a run could replace, become constants. */
  private static Model freeze(Model model) {
    Graph graph = model.graph();
    Graph frozen =
        new Graph(
            graph.name(),
            graph.requiredInputs(),
            graph.outputs(),
            graph.nodes(),
            graph.initializers(),
            graph.valueInfos(),
            graph.annotations());
    return new Model(
        Math.max(IR_VERSION, model.irVersion()),
        model.opsetImports(),
        model.producer(),
        frozen,
        model.functions(),
        model.annotations());
  }
}
