package io.compresso.technique.quantize;

import io.compresso.engine.ValueListener;
import io.compresso.graph.GraphException;
import io.compresso.graph.Model;
import io.compresso.graph.Node;
import io.compresso.technique.BatchSource;
import io.compresso.technique.Report;
import io.compresso.technique.StepContext;
import io.compresso.technique.Technique.Outcome;
import io.compresso.technique.quantize.QuantizeParams.Format;
import io.compresso.technique.quantize.QuantizeParams.ObserverKind;
import io.compresso.technique.quantize.QuantizeParams.RoundingKind;
import io.compresso.tensor.Tensor;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Weights as integers of 8 or 4 bits, computed in floats: products of matrices in blocks with a
 * scale each, convolutions (8 bits) by row, embedding tables by row or (4 bits) in blocks.
 */
final class WeightOnlyMethod {
  private final Model prepared;
  private final GraphIndex index;
  private final QuantizeParams parameters;
  private final StepContext context;
  private final List<String> notes = new ArrayList<>();

  private WeightOnlyMethod(Model prepared, QuantizeParams parameters, StepContext context) {
    this.prepared = prepared;
    this.index = new GraphIndex(prepared.graph());
    this.parameters = parameters;
    this.context = context;
  }

  static Outcome apply(Model prepared, QuantizeParams parameters, StepContext context) {
    return new WeightOnlyMethod(prepared, parameters, context).apply();
  }

  private Outcome apply() {
    List<Node> candidates = prepared.graph().nodes().stream().filter(this::isCandidate).toList();
    Map<Node, String> reasons = new IdentityHashMap<>();
    List<Node> layers = new ArrayList<>();
    for (Node node : candidates) {
      String obstacle = obstacle(node);
      if (obstacle.isEmpty()) {
        layers.add(node);
      } else {
        reasons.put(node, obstacle);
      }
    }
    if (layers.isEmpty()) {
      throw new GraphException(
          "no weights of the model can be quantized: "
              + (candidates.isEmpty()
                  ? "it has no Conv, Gemm, MatMul or embedding"
                  : "'"
                      + candidates.getFirst().label()
                      + "': "
                      + reasons.get(candidates.getFirst())));
    }
    Map<Node, BlockWeights> weights = quantize(layers, observe(layers));
    Variants variants =
        chosen -> new WeightOnlyRewriter(prepared, weights, parameters, chosen).rewrite();
    LayerSearch search = new LayerSearch(prepared, context);
    LayerEffects effects = search.sensitivity(variants, layers);
    Set<String> excluded =
        search.excluded(variants, layers, effects, parameters.isAutoExclude(), notes);
    WeightOnlyRewriter rewriter =
        new WeightOnlyRewriter(prepared, weights, parameters, ExclusionSearch.keeps(excluded));
    Model result = rewriter.rewrite();
    List<Report.Layer> rows = new ArrayList<>();
    for (Node node : candidates) {
      boolean left = excluded.contains(node.outputs().getFirst());
      BlockWeights own = left ? null : weights.get(node);
      rows.add(
          Quantize.row(
              Objects.requireNonNullElse(tensor(node), Tensor.scalar(0f)),
              node,
              own == null ? "fp32" : "int" + own.bits() + "-weights",
              left ? "left in float for the goal of accuracy" : reasons.getOrDefault(node, ""),
              effects,
              own == null ? null : StoredWeights.of(own)));
    }
    return new Outcome(result, rows, notes, rewriter.floatBytes(), rewriter.integerBytes());
  }

  private boolean isCandidate(Node node) {
    return QuantPlanner.isLayer(node) && !node.is("ConvTranspose")
        || node.is("Gather") && tensor(node) != null;
  }

  /** The weights of a layer, the table of an embedding; null when they are not constant. */
  private @Nullable Tensor tensor(Node node) {
    return index.floatConstant(node.input(node.is("Gather") ? 0 : 1));
  }

  private String obstacle(Node node) {
    if (!parameters.allows(node)) {
      return "excluded";
    }
    if (node.is("Gather")) {
      return EmbeddingTable.obstacle(index, node);
    }
    if (node.is("Conv") && parameters.weights().bits() != 8) {
      return "weights of convolutions take 8 bits";
    }
    String obstacle = QuantPlanner.obstacle(index, node);
    if (obstacle.isEmpty() && parameters.format() == Format.QOPERATOR && node.is("Conv")) {
      return "MatMulNBits is for products of matrices";
    }
    return obstacle;
  }

  private @Nullable InputGrams observe(List<Node> layers) {
    BatchSource calibration = context.calibration();
    if (parameters.weights().rounding() == RoundingKind.NEAREST || calibration == null) {
      return null;
    }
    long memory = (long) context.budget().maxMemoryMb() << 18;
    InputGrams grams = new InputGrams(index, layers, memory);
    long[] done = new long[1];
    try (ActivationSource source =
        ActivationSource.in(context.work()).open(prepared, grams.values())) {
      BatchSource.Consumer consumer =
          (inputs, count) -> {
            ValueListener listener = grams::observe;
            inputs.forEach(listener::onValue);
            source.run(inputs, listener);
            done[0] += count;
            context
                .host()
                .progress(
                    "calibrate",
                    StaticQuantizer.CALIBRATION_SHARE
                        * done[0]
                        / Math.max(1, calibration.samples()));
          };
      CalibrationPass.run(
          context, calibration, CalibrationPass.SHARE, "calibration", notes, consumer);
    }
    notes.addAll(grams.notes());
    return grams;
  }

  private Map<Node, BlockWeights> quantize(List<Node> layers, @Nullable InputGrams grams) {
    QuantizeParams.Weights wanted = parameters.weights();
    Rounding rounding = new Rounding(wanted, context.budget(), layers.size());
    Map<Node, BlockWeights> result = new IdentityHashMap<>();
    for (Node node : layers) {
      context.host().checkpoint();
      Tensor tensor = Objects.requireNonNull(tensor(node));
      if (node.is("Gather")) {
        result.put(node, EmbeddingTable.quantize(tensor, wanted));
        continue;
      }
      WeightMatrix matrix = WeightMatrix.of(node, tensor);
      int block = node.is("Conv") ? 0 : wanted.block();
      boolean symmetric = wanted.symmetric() || node.is("Conv");
      Grid grid =
          Grid.fit(
              matrix.values(),
              matrix.rows(),
              matrix.depth(),
              block,
              wanted.bits(),
              symmetric,
              wanted.observer() == ObserverKind.MSE);
      int[] integers = rounding.round(matrix, grid, grams == null ? null : grams.of(node));
      result.put(node, new BlockWeights(matrix, grid, integers, wanted.bits(), symmetric));
    }
    return result;
  }
}
