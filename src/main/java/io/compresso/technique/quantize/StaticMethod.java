package io.compresso.technique.quantize;

import io.compresso.graph.GraphException;
import io.compresso.graph.Model;
import io.compresso.graph.Node;
import io.compresso.technique.Report;
import io.compresso.technique.StepContext;
import io.compresso.technique.Technique.Outcome;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Static int8: calibration, sensitivity of each layer, and the search for what stays in float. */
final class StaticMethod {
  private StaticMethod() {}

  static Outcome apply(
      Model prepared, QuantizeParams parameters, WeightQuantizer weights, StepContext context) {
    StaticQuantizer quantizer = StaticQuantizer.calibrate(prepared, parameters, weights, context);
    StaticQuantizer.Quantized quantized = quantizer.quantize(_ -> true);
    List<Node> all = Quantize.layers(prepared);
    if (quantized.floatBytes() == 0) {
      Node first = all.getFirst();
      throw new GraphException(
          first, "no layer can be quantized: " + quantized.plan().reason(first));
    }
    List<Node> layers = all.stream().filter(quantized.plan()::isQuantized).toList();
    Variants variants = chosen -> quantizer.quantize(chosen).model();
    List<String> notes = new ArrayList<>(quantizer.notes());
    LayerSearch search = new LayerSearch(prepared, context);
    Map<String, Double> ratios = search.sensitivity(variants, layers);
    Set<String> excluded =
        search.excluded(variants, layers, ratios, parameters.isAutoExclude(), notes);
    if (!excluded.isEmpty()) {
      quantized = quantizer.quantize(ExclusionSearch.keeps(excluded));
    }
    List<Report.Layer> rows = new ArrayList<>();
    for (Node node : all) {
      boolean left = excluded.contains(node.outputs().getFirst());
      rows.add(
          Quantize.row(
              prepared.graph(),
              node,
              quantized.plan().isQuantized(node) ? "int8" : "fp32",
              left ? "left in float for the goal of accuracy" : quantized.plan().reason(node),
              ratios));
    }
    return new Outcome(
        quantized.model(), rows, notes, quantized.floatBytes(), quantized.integerBytes());
  }
}
