package io.compresso.technique;

import io.compresso.evaluate.Target;
import io.compresso.graph.Graph;
import io.compresso.technique.JobSpec.Goals;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Says whether a job's result is worth using, and whether its goals are reached. */
final class Judgement {
  private static final int MOST_NAMES = 5;
  private static final int MOST_VARIANTS = 3;

  private static final double POOR_DB = 20;
  private static final double POOR_AGREEMENT = 0.99;

  private final Goals goals;
  private final String target;
  private final String runtime;
  private final Report.Size size;
  private final Measurement measured;

  Judgement(JobSpec spec, Report.Size size, Measurement measured) {
    this.goals = spec.goals();
    this.target = spec.target();
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
      Double drop = TriedVariants.drop(measured, goals.accuracy().metric());
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

  /**
   * Better when faster, smaller or either, as the goals ask, and no goal is missed. Faster means
   * that nine of ten pairs of runs were.
   */
  Report.Verdict verdict(Graph child, List<Report.Layer> layers, List<Report.Variant> variants) {
    Report.Latency latency = latency();
    boolean faster = latency != null && latency.ratioLow() > 1;
    boolean smaller = size.ratio() < 0.98;
    boolean asked =
        goals.latency() == null && goals.size() == null
            ? faster || smaller
            : (goals.latency() == null || faster) && (goals.size() == null || smaller);
    boolean failed = gate().equals("failed");
    List<String> reasons = new ArrayList<>();
    reasons.add(speed(latency, faster));
    reasons.add(
        format(
            "%s: %.3f of the parent's bytes",
            smaller ? "smaller" : "not measured smaller", size.ratio()));
    addLoss(reasons);
    for (Report.GoalResult goal : goals()) {
      if (!goal.reached()) {
        reasons.add(
            format(
                "goal %s = %s is missed: %s",
                goal.goal(),
                goal.required(),
                goal.actual() == null ? "not measured" : format("%.4f", goal.actual())));
      }
    }
    if (failed) {
      addBest(variants, reasons);
      addWorst(layers, reasons);
    }
    if (!smaller) {
      Explanation.ofSize(size, layers, reasons);
    }
    if (!faster && latency != null) {
      Explanation.ofTime(child, layers, latency, measured.operators(), reasons);
    }
    return new Report.Verdict(asked && !failed ? "better" : "not better", runtime, reasons);
  }

  private String speed(Report.@Nullable Latency latency, boolean faster) {
    if (latency == null) {
      return Target.host().covers(target)
          ? "latency was not measured in " + runtime
          : "latency: not measured, the target '" + target + "' is not this host";
    }
    return format(
        "%s in %s: %.2f times the parent's speed (%.2f to %.2f)",
        faster ? "faster" : "not measured faster",
        runtime,
        latency.ratio(),
        latency.ratioLow(),
        latency.ratioHigh());
  }

  /** Says how far the outputs are from the parent's, and when nothing bounds that. */
  private void addLoss(List<String> reasons) {
    boolean poor = false;
    for (Report.Agreement row : measured.agreement()) {
      if (!row.runtime().equals("onnxruntime")) {
        continue;
      }
      Double top1 = row.top1();
      Double db = row.sqnrDb();
      poor |= db != null && db < POOR_DB || top1 != null && top1 < POOR_AGREEMENT;
      reasons.add(
          "output '%s' against the parent's: %s%s"
              .formatted(
                  row.output(),
                  db == null ? "equal" : format("%.1f dB signal to noise", db),
                  top1 == null ? "" : format(", the same top-1 on %.2f %%", 100 * top1)));
    }
    if (poor && goals.accuracy() == null) {
      reasons.add(
          "the outputs are not close to the parent's and no goal bounds the loss: set"
              + " goals.accuracy, use exclude: auto, or see which layers hurt");
    }
  }

  private void addBest(List<Report.Variant> variants, List<String> reasons) {
    String best =
        variants.stream()
            .filter(variant -> variant.role().equals("tried"))
            .sorted(Comparator.comparingDouble(Judgement::loss))
            .limit(MOST_VARIANTS)
            .map(variant ->
                format(
                    "%s (loss %.4f, %.3f of the parent's bytes%s)",
                    variant.name(),
                    loss(variant),
                    (double) variant.bytes() / size.parent(),
                    variant.speedup() == null
                        ? ""
                        : format(", %.2f times its speed", variant.speedup())))
            .collect(Collectors.joining(", "));
    reasons.add(
        best.isEmpty()
            ? "no other variant was tried: exclude: auto looks for the layers to leave out"
            : "the best variants that were tried: " + best);
  }

  private static double loss(Report.Variant variant) {
    return Objects.requireNonNullElse(variant.drop(), Double.POSITIVE_INFINITY);
  }

  private static void addWorst(List<Report.Layer> layers, List<String> reasons) {
    String worst =
        layers.stream()
            .filter(layer -> layer.sqnrDb() != null)
            .sorted(Comparator.comparingDouble(Judgement::ratio))
            .limit(MOST_NAMES)
            .map(layer -> format("%s (%.1f dB)", layer.node(), ratio(layer)))
            .collect(Collectors.joining(", "));
    if (!worst.isEmpty()) {
      reasons.add("the layers that hurt most, each compressed alone: " + worst);
    }
  }

  private static double ratio(Report.Layer layer) {
    return Objects.requireNonNullElse(layer.sqnrDb(), Double.POSITIVE_INFINITY);
  }

  private static String format(String pattern, Object... values) {
    return String.format(Locale.ROOT, pattern, values);
  }
}
