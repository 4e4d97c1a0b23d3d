package io.compresso.technique.quantize;

import io.compresso.graph.Graph;
import io.compresso.graph.GraphException;
import io.compresso.graph.Model;
import io.compresso.graph.Node;
import io.compresso.technique.BatchSource;
import io.compresso.technique.Objective;
import io.compresso.technique.Problem;
import io.compresso.technique.Report;
import io.compresso.technique.StepContext;
import io.compresso.technique.Technique;
import io.compresso.technique.quantize.QuantizeParams.Mode;
import io.compresso.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;

/** Quantization of weights and activations to 8-bit integers, without training. */
public final class Quantize implements Technique<QuantizeParams> {
  private static final double SHARE_FOR_SENSITIVITY = 0.3;

  @Override
  public String id() {
    return "quantize";
  }

  @Override
  public String description() {
    return "Stores weights as 8-bit integers and computes in integers: static, with ranges from"
        + " calibration data, or dynamic, with ranges found at run time.";
  }

  @Override
  public Class<QuantizeParams> parameters() {
    return QuantizeParams.class;
  }

  @Override
  public List<Problem> check(Model model, QuantizeParams parameters, StepContext context) {
    List<Problem> problems = new ArrayList<>();
    if (parameters.mode() == Mode.STATIC && context.calibration() == null) {
      problems.add(
          Problem.at(
              "mode", "static needs calibration data: give data.calibration, or use dynamic"));
    }
    List<Node> nodes = model.graph().nodes();
    for (int i = 0; i < parameters.exclude().size(); i++) {
      String name = parameters.exclude().get(i);
      if (!name.equals(QuantizeParams.AUTO)
          && nodes.stream().noneMatch(node -> QuantizeParams.matches(node, name))) {
        problems.add(
            new Problem("exclude[" + i + "]", name, "the model has no node '" + name + "'"));
      }
    }
    if (parameters.isAutoExclude() && parameters.mode() == Mode.DYNAMIC) {
      problems.add(Problem.at("exclude", "auto needs static mode"));
    }
    if (layers(model).isEmpty()) {
      problems.add(
          Problem.at(
              "", "the model has no Conv, ConvTranspose, Gemm or MatMul: nothing to quantize"));
    }
    return problems;
  }

  private static List<Node> layers(Model model) {
    return model.graph().nodes().stream().filter(QuantPlanner::isLayer).toList();
  }

  @Override
  public Estimate estimate(Model model, QuantizeParams parameters, StepContext context) {
    long weights = 0;
    for (Node layer : layers(model)) {
      Tensor tensor = new GraphIndex(model.graph()).floatConstant(layer.input(1));
      weights += tensor == null ? 0 : tensor.byteSize();
    }
    BatchSource calibration = context.calibration();
    long runs =
        calibration == null || parameters.mode() == Mode.DYNAMIC ? 0 : calibration.samples();
    return new Estimate(-weights * 3 / 4, runs);
  }

  @Override
  public Outcome apply(Model model, QuantizeParams parameters, StepContext context) {
    Model plain = PrepareGraph.prepare(model);
    Model prepared = parameters.weights().equalize() ? EqualizeChannels.equalize(plain) : plain;
    WeightQuantizer weights =
        new WeightQuantizer(
            parameters.weights().perChannel(),
            parameters.weights().observer(),
            parameters.weights().percentile(),
            parameters.reducesRange(context.target()) ? 64 : 127);
    return parameters.mode() == Mode.DYNAMIC
        ? dynamic(prepared, parameters, weights)
        : statically(prepared, parameters, weights, context);
  }

  private static Outcome dynamic(
      Model prepared, QuantizeParams parameters, WeightQuantizer weights) {
    DynamicRewriter rewriter = new DynamicRewriter(prepared, weights, parameters::allows);
    Model result = rewriter.rewrite();
    List<Report.Layer> layers = new ArrayList<>();
    for (Node node : layers(prepared)) {
      String obstacle = rewriter.obstacle(node);
      layers.add(layer(prepared.graph(), node, obstacle.isEmpty(), obstacle, Map.of()));
    }
    if (rewriter.floatBytes() == 0) {
      throw new GraphException(
          "no MatMul or Gemm of the model can be quantized: " + firstNote(layers));
    }
    return new Outcome(result, layers, List.of(), rewriter.floatBytes(), rewriter.integerBytes());
  }

  private static String firstNote(List<Report.Layer> layers) {
    return layers.isEmpty()
        ? "there is none"
        : "'" + layers.getFirst().node() + "': " + layers.getFirst().note();
  }

  private static Outcome statically(
      Model prepared, QuantizeParams parameters, WeightQuantizer weights, StepContext context) {
    BatchSource calibration = Objects.requireNonNull(context.calibration());
    ActivationSource.Opener opener = ActivationSource.in(context.work());
    StaticQuantizer quantizer =
        StaticQuantizer.calibrate(
            prepared, parameters, weights, calibration, opener, context.host());
    StaticQuantizer.Quantized quantized = quantizer.quantize(_ -> true);
    if (quantized.floatBytes() == 0) {
      Node first = layers(prepared).getFirst();
      throw new GraphException(
          first, "no layer can be quantized: " + quantized.plan().reason(first));
    }
    List<Node> layers = layers(prepared);
    long budget = (long) (context.budget().maxMinutes() * 60e9 * SHARE_FOR_SENSITIVITY);
    Map<String, Double> ratios =
        Sensitivity.measure(
            prepared,
            quantizer,
            layers.stream().filter(quantized.plan()::isQuantized).toList(),
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
                  quantizer,
                  layers.stream().filter(quantized.plan()::isQuantized).toList(),
                  ratios,
                  objective,
                  new ExclusionSearch.Limits(
                      context.budget().maxTrials(), System.nanoTime() + budget),
                  context.host())
              .search();
      excluded = choice.excluded();
      quantized = quantizer.quantize(ExclusionSearch.keeps(excluded));
      notes.add(
          String.format(
              Locale.ROOT,
              "exclude auto: %d layers stay in float after %d trials, loss %.4f, allowed %.4f",
              excluded.size(),
              choice.trials(),
              choice.drop(),
              objective.maxDrop()));
    }
    if (parameters.isAutoExclude() && objective == null) {
      notes.add("exclude auto left nothing out: it needs goals.accuracy and data.eval");
    }
    List<Report.Layer> rows = new ArrayList<>();
    for (Node node : layers) {
      boolean left = excluded.contains(node.outputs().getFirst());
      rows.add(
          layer(
              prepared.graph(),
              node,
              quantized.plan().isQuantized(node),
              left ? "left in float for the goal of accuracy" : quantized.plan().reason(node),
              ratios));
    }
    return new Outcome(
        quantized.model(), rows, notes, quantized.floatBytes(), quantized.integerBytes());
  }

  private static Report.Layer layer(
      Graph graph, Node node, boolean quantized, String note, Map<String, Double> ratios) {
    Tensor weights = graph.initializers().get(node.inputs().get(1));
    Double ratio = ratios.get(node.outputs().getFirst());
    return new Report.Layer(
        node.label(),
        node.opType(),
        quantized ? "int8" : "fp32",
        weights == null ? 0 : weights.size(),
        ratio == null || !Double.isFinite(ratio) ? null : ratio,
        note);
  }
}
