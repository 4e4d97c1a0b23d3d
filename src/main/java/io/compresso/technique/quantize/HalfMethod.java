package io.compresso.technique.quantize;

import io.compresso.engine.InlineFunctions;
import io.compresso.engine.Observation;
import io.compresso.engine.Passes;
import io.compresso.engine.ValueListener;
import io.compresso.graph.Attribute;
import io.compresso.graph.Graph;
import io.compresso.graph.GraphException;
import io.compresso.graph.Model;
import io.compresso.graph.Node;
import io.compresso.technique.BatchSource;
import io.compresso.technique.Report;
import io.compresso.technique.StepContext;
import io.compresso.technique.Technique.Outcome;
import io.compresso.technique.quantize.QuantizeParams.HalfEnds;
import io.compresso.tensor.DType;
import io.compresso.tensor.Tensor;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;

/**
 * Conversion to half precision. What stays in fp32: what the job excludes, nodes whose constants or
 * observed values do not fit the type's range, and layers that alone cost the outputs more than the
 * job allows; P. Micikevicius et al., "Mixed Precision Training", ICLR 2018, on what fp16 loses.
 */
final class HalfMethod {
  private static final double CALIBRATION_SHARE = 0.5;

  private final Model prepared;
  private final QuantizeParams parameters;
  private final StepContext context;
  private final DType half;
  private final Map<Node, String> kept = new IdentityHashMap<>();
  private final List<String> notes = new ArrayList<>();

  private HalfMethod(Model prepared, QuantizeParams parameters, StepContext context, DType half) {
    this.prepared = prepared;
    this.parameters = parameters;
    this.context = context;
    this.half = half;
  }

  /**
   * The model in half precision.
   *
   * @throws GraphException if no node can compute in it
   */
  static Outcome apply(Model model, QuantizeParams parameters, StepContext context, DType half) {
    Model inlined = Passes.apply(model, List.of(new InlineFunctions()));
    return new HalfMethod(PrepareGraph.prepare(inlined), parameters, context, half).apply();
  }

  private Outcome apply() {
    ActivationSource.Opener opener = ActivationSource.in(context.work());
    HalfRanges ranges = new HalfRanges(prepared.graph(), half);
    BatchSource calibration = context.calibration();
    if (calibration == null) {
      notes.add(
          "there is no calibration data: only constants were checked against the range of " + half);
    } else {
      observe(ranges, calibration, opener);
    }
    keep(prepared.graph(), ranges, Map.of());
    List<Node> layers = new ArrayList<>();
    for (Node node : prepared.graph().nodes()) {
      if (isLayer(node) && !kept.containsKey(node)) {
        layers.add(node);
      }
    }
    LayerSearch search = new LayerSearch(prepared, context);
    Set<Node> isolated = Collections.newSetFromMap(new IdentityHashMap<>());
    isolated.addAll(layers);
    LayerEffects effects =
        search.sensitivity(
            chosen ->
                form(node -> isolated.contains(node) && chosen.test(node), HalfEnds.FP32).model(),
            layers);
    for (Node layer : layers) {
      Double ratio = effects.ratio(layer.outputs().getFirst());
      if (ratio != null && ratio < parameters.half().minSqnrDb()) {
        kept.put(
            layer,
            String.format(
                Locale.ROOT, "alone in half precision it leaves the outputs %.1f dB", ratio));
      }
    }
    List<Node> rest = layers.stream().filter(layer -> !kept.containsKey(layer)).toList();
    Set<String> excluded =
        search.excluded(
            chosen -> form(chosen).model(), rest, effects, parameters.isAutoExclude(), notes);
    for (Node layer : rest) {
      if (excluded.contains(layer.outputs().getFirst())) {
        kept.put(layer, "left in fp32 for the goal of accuracy");
      }
    }
    HalfForm form = form(_ -> true);
    if (form.halfBytes() == 0 && prepared.graph().nodes().stream().noneMatch(form::isConverted)) {
      throw new GraphException(
          "no node of the model can compute in " + half + ": " + firstReason());
    }
    return new Outcome(
        form.model(), rows(form, effects), notes, form.floatBytes(), form.halfBytes());
  }

  private void observe(HalfRanges ranges, BatchSource calibration, ActivationSource.Opener opener) {
    long[] done = new long[1];
    try (ActivationSource source =
        opener.open(prepared, new Observation(ranges.computed(), true))) {
      BatchSource.Consumer consumer =
          (inputs, count) -> {
            ValueListener listener = ranges::observe;
            inputs.forEach(listener::onValue);
            source.run(inputs, listener);
            done[0] += count;
            context
                .host()
                .progress(
                    "calibrate", CALIBRATION_SHARE * done[0] / Math.max(1, calibration.samples()));
          };
      CalibrationPass.run(
          context, calibration, CalibrationPass.SHARE, "calibration", notes, consumer);
    }
  }

  /** Finds the nodes that must stay in fp32, in subgraphs too. */
  private void keep(Graph graph, HalfRanges ranges, Map<String, Tensor> around) {
    Map<String, Tensor> constants = new HashMap<>(around);
    constants.putAll(graph.initializers());
    for (Node node : graph.nodes()) {
      if (HalfRules.kind(node) == HalfRules.Kind.COMPUTES) {
        String obstacle = parameters.allows(node) ? ranges.obstacle(node, constants) : "excluded";
        if (!obstacle.isEmpty()) {
          kept.put(node, obstacle);
        }
      }
      bodies(node).forEach(body -> keep(body, ranges, constants));
    }
  }

  private static List<Graph> bodies(Node node) {
    List<Graph> bodies = new ArrayList<>();
    for (Attribute attribute : node.attributes().values()) {
      switch (attribute) {
        case Attribute.GraphValue(Graph body) -> bodies.add(body);
        case Attribute.Graphs(List<Graph> graphs) -> bodies.addAll(graphs);
        default -> {}
      }
    }
    return bodies;
  }

  private HalfForm form(Predicate<Node> chosen) {
    return form(chosen, parameters.half().io());
  }

  private HalfForm form(Predicate<Node> chosen, HalfEnds ends) {
    Predicate<Node> both = node -> !kept.containsKey(node) && chosen.test(node);
    return half == DType.BFLOAT16
        ? new HalfWeights(prepared, half, both)
        : new HalfConverter(prepared, half, both, ends == HalfEnds.HALF);
  }

  /** Whether the node multiplies by weights. */
  private static boolean isLayer(Node node) {
    return QuantPlanner.isLayer(node) || node.is("LSTM") || node.is("GRU") || node.is("RNN");
  }

  private String firstReason() {
    return kept.entrySet().stream()
        .findFirst()
        .map(entry -> "'" + entry.getKey().label() + "': " + entry.getValue())
        .orElse("no operator has a form for it");
  }

  private List<Report.Layer> rows(HalfForm form, LayerEffects effects) {
    List<Report.Layer> rows = new ArrayList<>();
    rows(prepared.graph(), form, effects, rows, new HashSet<>());
    return rows;
  }

  /** A row for each layer, and for each other node that had to stay in fp32. */
  private void rows(
      Graph graph, HalfForm form, LayerEffects effects, List<Report.Layer> rows, Set<String> seen) {
    GraphIndex index = new GraphIndex(graph);
    for (Node node : graph.nodes()) {
      boolean layer = isLayer(node);
      String reason = kept.getOrDefault(node, "");
      if (layer || !reason.isEmpty()) {
        long weights = 0;
        Tensor largest = null;
        for (String input : node.inputs()) {
          Tensor constant = index.constant(input);
          if (constant != null
              && constant.dtype() == DType.FLOAT
              && (largest == null || constant.size() > largest.size())) {
            largest = constant;
          }
          weights += constant == null || !seen.add(input) ? 0 : constant.size();
        }
        String output = node.outputs().isEmpty() ? "" : node.outputs().getFirst();
        rows.add(
            new Report.Layer(
                node.label(),
                node.opType(),
                form.isConverted(node) ? (half == DType.FLOAT16 ? "fp16" : "bf16") : "fp32",
                weights,
                effects.ratio(output),
                effects.drop(output),
                reason,
                StoredWeights.histogram(
                    largest == null || !form.isConverted(node)
                        ? null
                        : StoredWeights.of(largest, half))));
      }
      bodies(node).forEach(body -> rows(body, form, effects, rows, seen));
    }
  }
}
