package io.compresso.technique.quantize;

import io.compresso.engine.Observation;
import io.compresso.graph.Model;
import io.compresso.graph.Node;
import io.compresso.technique.BatchSource;
import io.compresso.technique.Problem;
import io.compresso.technique.Report;
import io.compresso.technique.StepContext;
import io.compresso.technique.Technique;
import io.compresso.technique.quantize.QuantizeParams.HalfEnds;
import io.compresso.technique.quantize.QuantizeParams.Mode;
import io.compresso.technique.quantize.QuantizeParams.ObserverKind;
import io.compresso.technique.quantize.QuantizeParams.Smoothing;
import io.compresso.tensor.DType;
import io.compresso.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Fewer bits for weights and activations, without training: integers, or half precision. */
public final class Quantize implements Technique<QuantizeParams> {
  /** Samples that channels' maxima are taken of. */
  private static final long SMOOTHING_SAMPLES = 256;

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
    checkWeights(parameters, context, problems);
    if (parameters.mode() == Mode.BF16 && parameters.half().io() == HalfEnds.HALF) {
      problems.add(
          Problem.at("half.io", "must be fp32 with bf16: it is a form of storing weights"));
    }
    String missing = missing(model, parameters.mode());
    if (!missing.isEmpty()) {
      problems.add(Problem.at("", missing));
    }
    return problems;
  }

  /** What the model lacks for the mode; empty when there may be something to quantize. */
  private static String missing(Model model, Mode mode) {
    boolean layers = !layers(model).isEmpty();
    boolean embeddings = model.graph().nodes().stream().anyMatch(node -> node.is("Gather"));
    boolean recurrent =
        model.graph().nodes().stream()
            .anyMatch(node -> RecurrentWeights.isRecurrent(node) || DynamicAttention.is(node));
    return switch (mode) {
      case FP16, BF16 -> "";
      case STATIC ->
          layers ? "" : "the model has no Conv, ConvTranspose, Gemm or MatMul: nothing to quantize";
      case DYNAMIC ->
          layers || embeddings || recurrent
              ? ""
              : "the model has no Gemm, MatMul, LSTM, GRU, RNN, Attention or embedding: nothing to"
                  + " quantize";
      case WEIGHT_ONLY ->
          layers || embeddings
              ? ""
              : "the model has no Conv, Gemm, MatMul or embedding: nothing to quantize";
    };
  }

  /** Two steps may quantize only operators that both name and do not share. */
  @Override
  public boolean repeats(Record earlier, Record later) {
    List<String> before = ((QuantizeParams) earlier).operators();
    List<String> after = ((QuantizeParams) later).operators();
    return before.isEmpty() || after.isEmpty() || before.stream().anyMatch(after::contains);
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
    boolean observes =
        weights.observer() == ObserverKind.MSE || weights.observer() == ObserverKind.MIN_MAX;
    if (weightOnly && !observes) {
      problems.add(Problem.at("weights.observer", "must be mse or min-max in weight-only mode"));
    }
    int table = weights.embeddingBits();
    if (table != 8 && !(weightOnly && table == 4)) {
      problems.add(
          Problem.at(
              "weights.embeddingBits", weightOnly ? "must be 4 or 8" : "must be 8 in this mode"));
    }
    int activations = parameters.activations().bits();
    if (activations != 8 && activations != 16) {
      problems.add(Problem.at("activations.bits", "must be 8 or 16"));
    }
    if (activations == 16 && parameters.mode() == Mode.DYNAMIC) {
      problems.add(Problem.at("activations.bits", "must be 8 in dynamic mode"));
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
    int bits = parameters.mode().isHalf() ? 16 : parameters.weights().bits();
    return new Estimate(-weights * (32 - bits) / 32, runs);
  }

  @Override
  public Outcome apply(Model model, QuantizeParams given, StepContext context) {
    QuantizeParams parameters = given.backend().apply(given);
    List<String> notes = new ArrayList<>();
    Outcome outcome =
        switch (parameters.mode()) {
          case FP16 -> HalfMethod.apply(model, parameters, context, DType.FLOAT16);
          case BF16 -> HalfMethod.apply(model, parameters, context, DType.BFLOAT16);
          case WEIGHT_ONLY ->
              WeightOnlyMethod.apply(
                  WeightOnlyRewriter.prepare(prepare(model, parameters), parameters),
                  parameters,
                  context);
          case DYNAMIC ->
              DynamicMethod.apply(
                  smooth(prepare(model, parameters), parameters, context, notes),
                  parameters,
                  weights(parameters, context),
                  context);
          case STATIC ->
              StaticMethod.apply(
                  smooth(prepare(model, parameters), parameters, context, notes),
                  parameters,
                  weights(parameters, context),
                  context);
        };
    notes.addAll(outcome.notes());
    return new Outcome(
        outcome.model(), outcome.layers(), notes, outcome.floatBytes(), outcome.compressedBytes());
  }

  private static Model prepare(Model model, QuantizeParams parameters) {
    Model plain = PrepareGraph.prepare(model);
    return parameters.weights().equalize() ? EqualizeChannels.equalize(plain) : plain;
  }

  /** Moves outlier channels into weights, as far as there is calibration data to find them by. */
  private static Model smooth(
      Model prepared, QuantizeParams parameters, StepContext context, List<String> notes) {
    BatchSource calibration = context.calibration();
    Smoothing wanted = parameters.activations().smooth();
    if (calibration == null || wanted == Smoothing.OFF) {
      return prepared;
    }
    SmoothActivations pass =
        new SmoothActivations(
            prepared,
            wanted == Smoothing.ALL,
            parameters.mode() == Mode.STATIC && parameters.weights().perChannel());
    if (pass.values().isEmpty()) {
      return prepared;
    }
    ChannelMaxima maxima = new ChannelMaxima(pass.values());
    try (ActivationSource source =
        ActivationSource.in(context.work())
            .open(prepared, new Observation(maxima.wanted(), true))) {
      CalibrationPass.run(
          context,
          calibration.spread(SMOOTHING_SAMPLES),
          CalibrationPass.SMALL_SHARE,
          "the search for outlier channels",
          notes,
          (inputs, _) ->
              source.run(
                  inputs,
                  (name, value) -> maxima.observe(name, value, source.isChannelsLast(name))));
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

  /**
   * The report's row of a layer.
   *
   * @param stored what is stored in the place of the weights; null when they stay
   */
  static Report.Layer row(
      @Nullable Tensor weights,
      Node node,
      String precision,
      String note,
      LayerEffects effects,
      @Nullable StoredWeights stored) {
    String output = node.outputs().getFirst();
    return new Report.Layer(
        node.label(),
        node.opType(),
        precision,
        weights == null ? 0 : weights.size(),
        effects.ratio(output),
        effects.drop(output),
        note,
        StoredWeights.histogram(stored));
  }
}
