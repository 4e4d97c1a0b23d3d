package io.compresso.technique.quantize;

import io.compresso.graph.GraphException;
import io.compresso.graph.Model;
import io.compresso.graph.Node;
import io.compresso.technique.BatchSource;
import io.compresso.technique.Objective;
import io.compresso.technique.Report;
import io.compresso.technique.StepContext;
import io.compresso.technique.Technique.Outcome;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;

/** Static int8: calibration, sensitivity of each layer, and the search for what stays in float. */
final class StaticMethod {
  private static final double SHARE_FOR_SENSITIVITY = 0.3;

  private StaticMethod() {}

  static Outcome apply(
      Model prepared, QuantizeParams parameters, WeightQuantizer weights, StepContext context) {
    BatchSource calibration = Objects.requireNonNull(context.calibration());
    ActivationSource.Opener opener = ActivationSource.in(context.work());
    StaticQuantizer quantizer =
        StaticQuantizer.calibrate(
            prepared, parameters, weights, calibration, opener, context.host());
    StaticQuantizer.Quantized quantized = quantizer.quantize(_ -> true);
    List<Node> all = Quantize.layers(prepared);
    if (quantized.floatBytes() == 0) {
      Node first = all.getFirst();
      throw new GraphException(
          first, "no layer can be quantized: " + quantized.plan().reason(first));
    }
    List<Node> layers = all.stream().filter(quantized.plan()::isQuantized).toList();
    long budget = (long) (context.budget().maxMinutes() * 60e9 * SHARE_FOR_SENSITIVITY);
    Variants variants = chosen -> quantizer.quantize(chosen).model();
    Map<String, Double> ratios =
        Sensitivity.measure(
            prepared,
            variants,
            layers,
            calibration,
            opener,
            context.host().within(StaticQuantizer.CALIBRATION_SHARE, 1),
            System.nanoTime() + budget);
    List<String> notes = new ArrayList<>(quantizer.notes());
    Set<String> excluded = Set.of();
    Objective objective = context.objective();
    if (parameters.isAutoExclude() && objective != null) {
      ExclusionSearch.Choice choice =
          new ExclusionSearch(
                  variants,
                  layers,
                  ratios,
                  objective,
                  new ExclusionSearch.Limits(
                      context.budget().maxTrials(), System.nanoTime() + budget),
                  context.host())
              .search();
      excluded = choice.excluded();
      quantized = quantizer.quantize(ExclusionSearch.keeps(excluded));
      notes.add(ExclusionSearch.note(choice, objective));
    }
    if (parameters.isAutoExclude() && objective == null) {
      notes.add("exclude auto left nothing out: it needs goals.accuracy and data.eval");
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
