package io.compresso.technique;

import io.compresso.graph.Graph;
import io.compresso.graph.Node;
import io.compresso.technique.JobSpec.Goals;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** Says whether a job's result is worth using, and whether its goals are reached. */
final class Judgement {
  private static final int MOST_NAMES = 5;
  private static final double SMALL_MILLIS = 0.2;
  private static final Set<String> CONVERSIONS =
      Set.of("QuantizeLinear", "DequantizeLinear", "DynamicQuantizeLinear", "Cast");

  private final Goals goals;
  private final String runtime;
  private final Report.Size size;
  private final Measurement measured;

  Judgement(Goals goals, Report.Size size, Measurement measured) {
    this.goals = goals;
    this.runtime =
        goals.latency() == null ? "onnxruntime" : RecordBinder.name(goals.latency().runtime());
    this.size = size;
    this.measured = measured;
  }

  /** Each goal of the job. */
  List<Report.GoalResult> goals() {
    List<Report.GoalResult> results = new ArrayList<>();
    if (goals.accuracy() != null) {
      double allowed = goals.accuracy().maxDrop();
      Double drop = drop(goals.accuracy().metric());
      results.add(
          new Report.GoalResult(
              "accuracy." + goals.accuracy().metric() + ".maxDrop",
              allowed,
              drop,
              drop != null && drop <= allowed + 1e-9));
    }
    if (goals.latency() != null) {
      double wanted = goals.latency().minSpeedup();
      Report.Latency latency = latency();
      results.add(
          new Report.GoalResult(
              "latency.minSpeedup",
              wanted,
              latency == null ? null : latency.ratio(),
              latency != null && latency.ratio() >= wanted));
    }
    if (goals.size() != null) {
      double wanted = goals.size().maxRatio();
      results.add(
          new Report.GoalResult("size.maxRatio", wanted, size.ratio(), size.ratio() <= wanted));
    }
    return results;
  }

  private @Nullable Double drop(String metric) {
    if (metric.equals("agreement")) {
      return measured.agreement().stream()
          .filter(row -> row.runtime().equals("onnxruntime") && row.top1() != null)
          .map(row -> row.top1() == null ? 0 : 1 - row.top1())
          .findFirst()
          .orElse(null);
    }
    return measured.accuracy().stream()
        .filter(row -> row.runtime().equals("onnxruntime") && row.metric().equals(metric))
        .map(Report.Accuracy::drop)
        .findFirst()
        .orElse(null);
  }

  private Report.@Nullable Latency latency() {
    return measured.latency().stream()
        .filter(row -> row.runtime().equals(runtime))
        .findFirst()
        .orElse(null);
  }

  /** {@code passed}, {@code failed}, or {@code none} without goals. */
  String gate() {
    if (goals.isEmpty()) {
      return "none";
    }
    return goals().stream().allMatch(Report.GoalResult::reached) ? "passed" : "failed";
  }

  /** Better when faster or smaller, as far as the goals ask, and no goal is missed. */
  Report.Verdict verdict(Graph child, List<Report.Layer> layers) {
    Report.Latency latency = latency();
    boolean faster = latency != null && latency.ratio() > 1.02;
    boolean smaller = size.ratio() < 0.98;
    boolean better = (faster || smaller) && !gate().equals("failed");
    List<String> reasons = new ArrayList<>();
    reasons.add(
        latency == null
            ? "latency was not measured in " + runtime
            : format(
                "%s in %s: %.2f times the parent's speed (%.2f to %.2f)",
                faster ? "faster" : "not faster",
                runtime,
                latency.ratio(),
                latency.ratioLow(),
                latency.ratioHigh()));
    reasons.add(
        format(
            "%s: %.3f of the parent's bytes", smaller ? "smaller" : "not smaller", size.ratio()));
    for (Report.GoalResult goal : goals()) {
      if (!goal.reached()) {
        reasons.add(
            format(
                "goal %s = %s is missed: %s",
                goal.goal(),
                goal.required(),
                goal.actual() == null ? "not measured" : goal.actual()));
      }
    }
    if (!faster) {
      explain(child, layers, latency, reasons);
    }
    return new Report.Verdict(better ? "better" : "not better", runtime, reasons);
  }

  private static void explain(
      Graph child,
      List<Report.Layer> layers,
      Report.@Nullable Latency latency,
      List<String> reasons) {
    for (Report.Layer layer : layers) {
      if (layer.precision().equals("fp32") && reasons.size() < 2 + MOST_NAMES) {
        reasons.add(
            format(
                "%s '%s' computes in fp32%s",
                layer.opType(), layer.node(), layer.note().isEmpty() ? "" : ": " + layer.note()));
      }
    }
    Set<String> dequantized = new HashSet<>();
    Set<String> quantized = new HashSet<>();
    for (Node node : child.nodes()) {
      if (node.is("DequantizeLinear") && !child.initializers().containsKey(node.inputs().get(0))) {
        dequantized.addAll(node.outputs());
      } else if (node.is("QuantizeLinear")) {
        quantized.add(node.inputs().getFirst());
      }
    }
    Set<String> between = new TreeSet<>();
    for (Node node : child.nodes()) {
      if (!CONVERSIONS.contains(node.opType())
          && node.inputs().stream().anyMatch(dequantized::contains)
          && node.outputs().stream().noneMatch(quantized::contains)) {
        between.add(node.opType() + " '" + node.label() + "'");
      }
    }
    if (!between.isEmpty()) {
      reasons.add(
          "integers are converted back to floats for "
              + String.join(", ", between.stream().limit(MOST_NAMES).toList()));
    }
    if (latency != null && latency.parent().p50() < SMALL_MILLIS) {
      reasons.add(
          format(
              "a run takes %.3f ms: the fixed cost of each operator weighs more than arithmetic;"
                  + " measure with larger batches",
              latency.parent().p50()));
    }
  }

  private static String format(String pattern, Object... values) {
    return String.format(Locale.ROOT, pattern, values);
  }
}
