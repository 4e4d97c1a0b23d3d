package io.compresso.technique.quantize;

import io.compresso.graph.GraphException;
import io.compresso.graph.Model;
import io.compresso.graph.Node;
import io.compresso.technique.Objective;
import io.compresso.technique.Report;
import io.compresso.technique.StepContext;
import io.compresso.technique.Technique.Outcome;
import io.compresso.tensor.Tensor;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.Predicate;

/**
 * Static int8: calibration, sensitivity of each layer, and the choice of a precision for each:
 * int8; int8 weights with 16-bit activations; float. Embedding tables become integers too.
 */
final class StaticMethod {
  /**
   * Products of two activations stay in float when they alone leave the outputs below this, in dB:
   * they hold no weights that would become smaller.
   */
  private static final double PRODUCT_LEAST_DB = 25;

  private static final String WIDE = "on 16-bit activations";

  private final Model prepared;
  private final QuantizeParams parameters;
  private final StepContext context;
  private final StaticQuantizer quantizer;
  private final LayerSearch search;
  private final List<String> notes = new ArrayList<>();
  private final Map<String, String> reasons = new HashMap<>();
  private final Set<String> wide = new HashSet<>();
  private final Set<String> excluded = new HashSet<>();

  private StaticMethod(
      Model prepared, QuantizeParams parameters, StepContext context, StaticQuantizer quantizer) {
    this.prepared = prepared;
    this.parameters = parameters;
    this.context = context;
    this.quantizer = quantizer;
    this.search = new LayerSearch(prepared, context);
    this.notes.addAll(quantizer.notes());
  }

  /**
   * The quantized model.
   *
   * @throws GraphException if no layer can be quantized
   */
  static Outcome apply(
      Model prepared, QuantizeParams parameters, WeightQuantizer weights, StepContext context) {
    Map<Node, BlockWeights> tables = tables(prepared, parameters);
    WeightOnlyRewriter rewriter =
        new WeightOnlyRewriter(prepared, tables, parameters, tables::containsKey);
    Model model = tables.isEmpty() ? prepared : rewriter.rewrite();
    StaticQuantizer quantizer = StaticQuantizer.calibrate(model, parameters, weights, context);
    StaticMethod method = new StaticMethod(model, parameters, context, quantizer);
    Outcome outcome = method.apply();
    List<Report.Layer> rows = new ArrayList<>();
    for (Map.Entry<Node, BlockWeights> table : tables.entrySet()) {
      Node node = table.getKey();
      rows.add(
          Quantize.row(
              prepared.graph().initializers().get(node.inputs().getFirst()),
              node,
              "int8-weights",
              "",
              LayerEffects.NONE,
              StoredWeights.of(table.getValue())));
    }
    rows.addAll(outcome.layers());
    return new Outcome(
        outcome.model(),
        rows,
        outcome.notes(),
        outcome.floatBytes() + rewriter.floatBytes(),
        outcome.compressedBytes() + rewriter.integerBytes());
  }

  /** The embeddings whose tables become integers. */
  private static Map<Node, BlockWeights> tables(Model model, QuantizeParams parameters) {
    GraphIndex index = new GraphIndex(model.graph());
    Map<Node, BlockWeights> tables = new IdentityHashMap<>();
    for (Node node : model.graph().nodes()) {
      boolean wanted =
          parameters.operators().isEmpty() || parameters.operators().contains("Gather");
      if (node.is("Gather")
          && wanted
          && parameters.allows(node)
          && EmbeddingTable.obstacle(index, node).isEmpty()) {
        Tensor table = Objects.requireNonNull(index.floatConstant(node.input(0)));
        tables.put(node, EmbeddingTable.quantize(table));
      }
    }
    return tables;
  }

  private Outcome apply() {
    QuantPlan plan = quantizer.quantize(_ -> true).plan();
    List<Node> all = Quantize.layers(prepared);
    List<Node> layers = all.stream().filter(plan::isQuantized).toList();
    if (layers.isEmpty()) {
      Node first = all.getFirst();
      throw new GraphException(first, "no layer can be quantized: " + plan.reason(first));
    }
    boolean allWide = parameters.activations().bits() == 16;
    if (allWide) {
      layers.forEach(layer -> wide.add(layer.outputs().getFirst()));
    }
    Variants plain = chosen -> quantizer.quantize(chosen, _ -> allWide).model();
    LayerEffects effects = search.sensitivity(plain, layers);
    leaveProducts(layers, effects);
    if (parameters.isAutoExclude()) {
      choose(layers, effects);
    }
    StaticQuantizer.Quantized quantized = quantizer.quantize(keeps(excluded), wides(wide));
    List<Report.Layer> rows = new ArrayList<>();
    for (Node node : all) {
      String output = node.outputs().getFirst();
      boolean stays = !quantized.plan().isQuantized(node);
      rows.add(
          Quantize.row(
              prepared.graph().initializers().get(node.inputs().get(1)),
              node,
              stays ? "fp32" : wide.contains(output) ? "int8-int16" : "int8",
              reasons.getOrDefault(output, quantized.plan().reason(node)),
              effects,
              stays ? null : quantized.stored().get(output)));
    }
    return new Outcome(
        quantized.model(), rows, notes, quantized.floatBytes(), quantized.integerBytes());
  }

  private void leaveProducts(List<Node> layers, LayerEffects effects) {
    GraphIndex index = new GraphIndex(prepared.graph());
    for (Node layer : layers) {
      Double ratio = effects.ratio(layer.outputs().getFirst());
      if (QuantPlanner.isActivationProduct(index, layer)
          && ratio != null
          && ratio < PRODUCT_LEAST_DB) {
        excluded.add(layer.outputs().getFirst());
        reasons.put(
            layer.outputs().getFirst(),
            String.format(
                Locale.ROOT, "a product of activations that alone leaves %.1f dB", ratio));
      }
    }
  }

  /** Raises the precision of the layers that hurt most: 16-bit activations, else float. */
  private void choose(List<Node> layers, LayerEffects effects) {
    Objective objective = context.objective();
    if (objective == null || !objective.isGoal()) {
      notes.add("exclude auto left nothing out: it needs goals.accuracy and data.eval");
      return;
    }
    List<Node> rest =
        layers.stream().filter(layer -> !excluded.contains(layer.outputs().getFirst())).toList();
    int trials = context.budget().maxTrials();
    boolean mayWiden = parameters.activations().bits() == 8;
    ExclusionSearch.Choice widened = null;
    if (mayWiden) {
      Variants raised = chosen -> quantizer.quantize(keeps(excluded), chosen.negate()).model();
      widened =
          search.search(
              raised,
              rest,
              effects,
              objective,
              search.limits(Math.max(1, Math.ceilDiv(trials, 2)), WIDE));
      notes.add(ExclusionSearch.note(widened, objective, WIDE));
      trials -= widened.trials();
    }
    if (widened == null || !widened.meets(objective) && trials > 0) {
      Variants floats =
          chosen -> quantizer.quantize(keeps(excluded).and(chosen), wides(wide)).model();
      ExclusionSearch.Choice left =
          search.search(floats, rest, effects, objective, search.limits(trials, LayerSearch.FLOAT));
      notes.add(ExclusionSearch.note(left, objective, LayerSearch.FLOAT));
      if (widened == null || left.meets(objective) || left.drop() < widened.drop()) {
        left.excluded().forEach(output -> raise(output, excluded, LayerSearch.FLOAT));
        return;
      }
    }
    widened.excluded().forEach(output -> raise(output, wide, WIDE));
  }

  private void raise(String output, Set<String> to, String where) {
    to.add(output);
    reasons.put(output, "left " + where + " for the goal of accuracy");
  }

  private static Predicate<Node> keeps(Set<String> excluded) {
    return ExclusionSearch.keeps(Set.copyOf(excluded));
  }

  private static Predicate<Node> wides(Set<String> wide) {
    return ExclusionSearch.keeps(Set.copyOf(wide)).negate();
  }
}
