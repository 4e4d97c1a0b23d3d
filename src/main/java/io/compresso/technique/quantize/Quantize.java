package io.compresso.technique.quantize;

import io.compresso.graph.Graph;
import io.compresso.graph.GraphException;
import io.compresso.graph.Model;
import io.compresso.graph.Node;
import io.compresso.technique.BatchSource;
import io.compresso.technique.Problem;
import io.compresso.technique.Report;
import io.compresso.technique.StepContext;
import io.compresso.technique.Technique;
import io.compresso.technique.quantize.QuantizeParams.HalfEnds;
import io.compresso.technique.quantize.QuantizeParams.Mode;
import io.compresso.technique.quantize.QuantizeParams.Smoothing;
import io.compresso.tensor.DType;
import io.compresso.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Fewer bits for weights and activations, without training: integers, or half precision. */
public final class Quantize implements Technique<QuantizeParams> {
  @Override
  public String id() {
    return "quantize";
  }

  @Override
  public String description() {
    return "Stores weights as 8-bit integers and computes in integers: static, with ranges from"
        + " calibration data, or dynamic, with ranges found at run time. Or converts to half"
        + " precision.";
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
    checkWeights(parameters, context, problems);
    if (parameters.mode() == Mode.BF16 && parameters.half().io() == HalfEnds.HALF) {
      problems.add(
          Problem.at("half.io", "must be fp32 with bf16: it is a form of storing weights"));
    }
    if (!parameters.mode().isHalf() && layers(model).isEmpty()) {
      problems.add(
          Problem.at(
              "", "the model has no Conv, ConvTranspose, Gemm or MatMul: nothing to quantize"));
    }
    return problems;
  }

  private static void checkWeights(
      QuantizeParams parameters, StepContext context, List<Problem> problems) {
    QuantizeParams.Weights weights = parameters.weights();
    boolean weightOnly = parameters.mode() == Mode.WEIGHT_ONLY;
    if (weights.bits() != 8 && !(weightOnly && weights.bits() == 4)) {
      problems.add(
          Problem.at("weights.bits", weightOnly ? "must be 4 or 8" : "must be 8 in this mode"));
    }
    if (weightOnly
        && weights.block() != 0
        && !List.of(16, 32, 64, 128, 256).contains(weights.block())) {
      problems.add(Problem.at("weights.block", "must be 0, 16, 32, 64, 128 or 256"));
    }
    if (weightOnly
        && weights.block() == 0
        && parameters.format() == QuantizeParams.Format.QOPERATOR) {
      problems.add(
          Problem.at("weights.block", "must not be 0 with qoperator: MatMulNBits has blocks"));
    }
    boolean rounds = weights.rounding() != QuantizeParams.RoundingKind.NEAREST;
    if (rounds && context.calibration() == null && !parameters.mode().isHalf()) {
      problems.add(
          Problem.at(
              "weights.rounding", "needs calibration data: give data.calibration, or use nearest"));
    }
    if (rounds && parameters.mode() == Mode.DYNAMIC) {
      problems.add(Problem.at("weights.rounding", "must be nearest in dynamic mode"));
    }
  }

  static List<Node> layers(Model model) {
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
    return new Estimate(parameters.mode().isHalf() ? -weights / 2 : -weights * 3 / 4, runs);
  }

  @Override
  public Outcome apply(Model model, QuantizeParams parameters, StepContext context) {
    return switch (parameters.mode()) {
      case FP16 -> HalfMethod.apply(model, parameters, context, DType.FLOAT16);
      case BF16 -> HalfMethod.apply(model, parameters, context, DType.BFLOAT16);
      case WEIGHT_ONLY ->
          WeightOnlyMethod.apply(
              WeightOnlyRewriter.prepare(prepare(model, parameters), parameters),
              parameters,
              context);
      case DYNAMIC ->
          dynamic(
              smooth(prepare(model, parameters), parameters, context),
              parameters,
              weights(parameters, context));
      case STATIC ->
          StaticMethod.apply(
              smooth(prepare(model, parameters), parameters, context),
              parameters,
              weights(parameters, context),
              context);
    };
  }

  private static Model prepare(Model model, QuantizeParams parameters) {
    Model plain = PrepareGraph.prepare(model);
    return parameters.weights().equalize() ? EqualizeChannels.equalize(plain) : plain;
  }

  /** Moves outlier channels into weights, as far as there is calibration data to find them by. */
  private static Model smooth(Model prepared, QuantizeParams parameters, StepContext context) {
    BatchSource calibration = context.calibration();
    Smoothing wanted = parameters.activations().smooth();
    if (calibration == null || wanted == Smoothing.OFF) {
      return prepared;
    }
    SmoothActivations pass = new SmoothActivations(prepared, wanted == Smoothing.ALL);
    if (pass.values().isEmpty()) {
      return prepared;
    }
    ChannelMaxima maxima = new ChannelMaxima(pass.values());
    try (ActivationSource source =
        ActivationSource.in(context.work()).open(prepared, maxima.wanted())) {
      calibration.forEach((inputs, _) -> {
        context.host().checkpoint();
        source.run(inputs, maxima::observe);
      });
    }
    return pass.smooth(maxima, parameters.activations().alpha());
  }

  private static WeightQuantizer weights(QuantizeParams parameters, StepContext context) {
    return new WeightQuantizer(
        parameters.weights().perChannel(),
        parameters.weights().observer(),
        parameters.weights().percentile(),
        parameters.reducesRange(context.target()) ? 64 : 127);
  }

  private static Outcome dynamic(
      Model prepared, QuantizeParams parameters, WeightQuantizer weights) {
    DynamicRewriter rewriter = new DynamicRewriter(prepared, weights, parameters::allows);
    Model result = rewriter.rewrite();
    List<Report.Layer> layers = new ArrayList<>();
    for (Node node : layers(prepared)) {
      String obstacle = rewriter.obstacle(node);
      layers.add(
          row(prepared.graph(), node, obstacle.isEmpty() ? "int8" : "fp32", obstacle, Map.of()));
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

  /** The report's row of a layer. */
  static Report.Layer row(
      Graph graph, Node node, String precision, String note, Map<String, Double> ratios) {
    Tensor weights = graph.initializers().get(node.inputs().get(1));
    return row(weights, node, precision, note, ratios);
  }

  /** The report's row of a layer with these weights. */
  static Report.Layer row(
      @Nullable Tensor weights,
      Node node,
      String precision,
      String note,
      Map<String, Double> ratios) {
    Double ratio = ratios.get(node.outputs().getFirst());
    return new Report.Layer(
        node.label(),
        node.opType(),
        precision,
        weights == null ? 0 : weights.size(),
        ratio == null || !Double.isFinite(ratio) ? null : ratio,
        note);
  }
}
