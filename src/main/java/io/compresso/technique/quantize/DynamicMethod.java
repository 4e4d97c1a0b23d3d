package io.compresso.technique.quantize;

import io.compresso.graph.GraphException;
import io.compresso.graph.Model;
import io.compresso.graph.Node;
import io.compresso.technique.Report;
import io.compresso.technique.StepContext;
import io.compresso.technique.Technique.Outcome;
import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** Dynamic int8: weights ahead of time, activations by the range of each run. */
final class DynamicMethod {
  private DynamicMethod() {}

  /**
   * The quantized model. With calibration data, the report says what each layer costs.
   *
   * @throws GraphException if no layer can be quantized
   */
  static Outcome apply(
      Model prepared, QuantizeParams parameters, WeightQuantizer weights, StepContext context) {
    DynamicRewriter all = new DynamicRewriter(prepared, weights, parameters::allows);
    List<Node> candidates = prepared.graph().nodes().stream().filter(all::isCandidate).toList();
    List<Node> layers = candidates.stream().filter(node -> all.obstacle(node).isEmpty()).toList();
    if (layers.isEmpty()) {
      throw new GraphException(
          "no layer of the model can be quantized: "
              + (candidates.isEmpty()
                  ? "there is none"
                  : "'"
                      + candidates.getFirst().label()
                      + "': "
                      + all.obstacle(candidates.getFirst())));
    }
    Variants variants =
        chosen ->
            new DynamicRewriter(
                    prepared, weights, node -> parameters.allows(node) && chosen.test(node))
                .rewrite();
    LayerSearch search = new LayerSearch(prepared, context);
    LayerEffects effects = search.sensitivity(variants, layers);
    List<String> notes = new ArrayList<>();
    Set<String> excluded =
        search.excluded(variants, layers, effects, parameters.isAutoExclude(), notes);
    DynamicRewriter rewriter =
        new DynamicRewriter(
            prepared,
            weights,
            node -> parameters.allows(node) && ExclusionSearch.keeps(excluded).test(node));
    Model result = rewriter.rewrite();
    List<Report.Layer> rows = new ArrayList<>();
    for (Node node : candidates) {
      boolean left = excluded.contains(node.outputs().getFirst());
      String obstacle = all.obstacle(node);
      rows.add(
          Quantize.row(
              tensor(prepared, node),
              node,
              left || !obstacle.isEmpty()
                  ? "fp32"
                  : node.is("GRU") || node.is("RNN") || node.is("Gather") ? "int8-weights" : "int8",
              left ? "left in float for the goal of accuracy" : obstacle,
              effects,
              rewriter.stored().get(node)));
    }
    return new Outcome(result, rows, notes, rewriter.floatBytes(), rewriter.integerBytes());
  }

  private static Tensor tensor(Model prepared, Node node) {
    long elements = 0;
    int last = RecurrentWeights.isRecurrent(node) ? 2 : node.is("Gather") ? 0 : 1;
    for (int i = node.is("Gather") ? 0 : 1; i <= last; i++) {
      Tensor weights = prepared.graph().initializers().get(node.inputs().get(i));
      elements += weights == null ? 0 : weights.size();
    }
    return Tensor.allocate(DType.INT8, Shape.of(elements));
  }
}
