package io.compresso.technique.quantize;

import io.compresso.engine.Observation;
import io.compresso.engine.ValueListener;
import io.compresso.graph.GraphException;
import io.compresso.graph.Model;
import io.compresso.graph.Node;
import io.compresso.technique.BatchSource;
import io.compresso.technique.JobHost;
import io.compresso.technique.NativeMemory;
import io.compresso.technique.StepContext;
import io.compresso.technique.quantize.QuantizeParams.Format;
import io.compresso.technique.quantize.QuantizeParams.RoundingKind;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Static quantization of one prepared model: observes once, then writes graphs in which any choice
 * of layers is quantized.
 */
final class StaticQuantizer {
  /** The share of a step's time that calibration is taken to need. */
  static final double CALIBRATION_SHARE = 0.5;

  private final Model prepared;
  private final GraphIndex index;
  private final QuantizeParams parameters;
  private final WeightStore weights;
  private final ActivationRanges ranges;
  private final @Nullable ChannelMeans means;
  private final List<String> notes;

  /**
   * A quantized model and what its weights took and take.
   *
   * @param stored the weights of its layers, by their first output
   */
  record Quantized(
      Model model,
      QuantPlan plan,
      Map<String, StoredWeights> stored,
      long floatBytes,
      long integerBytes) {}

  private StaticQuantizer(
      Model prepared,
      QuantizeParams parameters,
      WeightStore weights,
      ActivationRanges ranges,
      @Nullable ChannelMeans means,
      List<String> notes) {
    this.prepared = prepared;
    this.index = new GraphIndex(prepared.graph());
    this.parameters = parameters;
    this.weights = weights;
    this.ranges = ranges;
    this.means = means;
    this.notes = notes;
  }

  /**
   * Observes the activations of {@code prepared} on {@code calibration}.
   *
   * @throws GraphException if the engine cannot run the model, or a value has no finite range
   */
  static StaticQuantizer calibrate(
      Model prepared, QuantizeParams parameters, WeightQuantizer weights, StepContext context) {
    JobHost host = context.host();
    BatchSource calibration = Objects.requireNonNull(context.calibration());
    ActivationSource.Opener opener = ActivationSource.in(context.work());
    GraphIndex index = new GraphIndex(prepared.graph());
    QuantPlan plan = planner(parameters, _ -> true).plan(index);
    QuantizeParams.Activations wanted = parameters.activations();
    RangeFinder finder =
        new RangeFinder(
            wanted.observer(),
            parameters.activationType(),
            wanted.symmetric(),
            wanted.percentile());
    ActivationRanges ranges =
        new ActivationRanges(index, plan, finder, ActivationRanges.counted(calibration.samples()));
    ChannelMeans means = means(index, plan);
    InputGrams grams = grams(index, plan, parameters, context);
    long[] done = new long[1];
    NativeMemory.reclaim();
    Observation observation = new Observation(observed(index, plan, ranges), grams == null);
    List<String> notes = new ArrayList<>();
    try (ActivationSource source = opener.open(prepared, observation)) {
      BatchSource.Consumer consumer =
          (inputs, count) -> {
            ValueListener both =
                (name, value) -> {
                  Extremes extremes = means.observe(name, value, source.isChannelsLast(name));
                  ranges.observe(name, value, extremes);
                  if (grams != null) {
                    grams.observe(name, value);
                  }
                };
            inputs.forEach(both::onValue);
            source.run(inputs, both);
            done[0] += count;
            host.progress(
                "calibrate", CALIBRATION_SHARE * done[0] / Math.max(1, calibration.samples()));
          };
      CalibrationPass.run(
          context, calibration, CalibrationPass.SHARE, "calibration", notes, consumer);
    }
    if (done[0] == 0) {
      throw new GraphException("the calibration data holds no samples");
    }
    NativeMemory.reclaim();
    ranges.params(plan);
    if (grams != null) {
      notes.addAll(grams.notes());
    }
    ranges
        .notFinite()
        .forEach((value, count) ->
            notes.add(
                "value '%s': %d elements were infinite or NaN and were ignored"
                    .formatted(value, count)));
    Rounding rounding =
        new Rounding(parameters.weights(), context.budget(), Quantize.layers(prepared).size());
    return new StaticQuantizer(
        prepared,
        parameters,
        new WeightStore(weights, rounding, grams),
        ranges,
        parameters.weights().correctBias() ? means : null,
        notes);
  }

  private static @Nullable InputGrams grams(
      GraphIndex index, QuantPlan plan, QuantizeParams parameters, StepContext context) {
    if (parameters.weights().rounding() == RoundingKind.NEAREST) {
      return null;
    }
    List<Node> layers =
        index.graph().nodes().stream()
            .filter(node -> plan.kind(node) == QuantPlan.Kind.WEIGHTED)
            .toList();
    return new InputGrams(index, layers, (long) context.budget().maxMemoryMb() << 18);
  }

  private static Set<String> observed(GraphIndex index, QuantPlan plan, ActivationRanges ranges) {
    Set<String> values = new HashSet<>(ranges.computed());
    for (Node node : index.graph().nodes()) {
      String input = node.input(0);
      if (plan.kind(node) == QuantPlan.Kind.WEIGHTED
          && input != null
          && index.producer(input) != null) {
        values.add(input);
      }
    }
    return values;
  }

  private static ChannelMeans means(GraphIndex index, QuantPlan plan) {
    Map<String, Integer> axes = new HashMap<>();
    for (Node node : index.graph().nodes()) {
      if (plan.kind(node) == QuantPlan.Kind.WEIGHTED) {
        axes.put(node.inputs().getFirst(), BiasCorrection.inputAxis(node));
      }
    }
    return new ChannelMeans(axes);
  }

  private static QuantPlanner planner(QuantizeParams parameters, Predicate<Node> chosen) {
    Predicate<Node> allowed = node -> parameters.allows(node);
    return new QuantPlanner(
        allowed.and(chosen), parameters.fusesRelu(), parameters.format() == Format.QOPERATOR);
  }

  /** The model with the chosen nodes quantized, as far as they can be. */
  Quantized quantize(Predicate<Node> chosen) {
    return quantize(chosen, _ -> false);
  }

  /**
   * The model with the chosen nodes quantized.
   *
   * @param wide nodes whose inputs and outputs take 16 bits
   */
  Quantized quantize(Predicate<Node> chosen, Predicate<Node> wide) {
    QuantPlan plan = planner(parameters, chosen).plan(index);
    plan.widen(WideValues.around(index, plan, wide));
    LayerQuantizer layers = new LayerQuantizer(index, weights, means);
    StaticRewriter rewriter =
        new StaticRewriter(
            prepared, plan, ranges.params(plan), layers, parameters.format() == Format.QOPERATOR);
    Model model = rewriter.rewrite();
    return new Quantized(model, plan, layers.stored(), layers.floatBytes(), layers.integerBytes());
  }

  /** What the reader of the report should know of the calibration. */
  List<String> notes() {
    return notes;
  }
}
