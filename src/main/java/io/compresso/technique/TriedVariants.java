package io.compresso.technique;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Lists what a job tried, between the model it began with and the one it made. */
final class TriedVariants {
  private static final String RUNTIME = "onnxruntime";

  private TriedVariants() {}

  /**
   * The parent, the trials, and the result with its own measurement.
   *
   * @param goal null when the job has none for accuracy
   */
  static List<Report.Variant> of(
      JobSpec.@Nullable AccuracyGoal goal,
      Report.Size size,
      Measurement measured,
      List<Report.Variant> trials) {
    Report.Latency latency =
        measured.latency().stream()
            .filter(row -> row.runtime().equals(RUNTIME))
            .findFirst()
            .orElse(null);
    Double top1 = drop(measured, "top1");
    String metric =
        goal != null ? goal.metric() : top1 != null || !agrees(measured) ? "top1" : "agreement";
    Double drop = drop(measured, metric);
    Double ratio =
        measured.agreement().stream()
            .filter(row -> row.runtime().equals(RUNTIME))
            .findFirst()
            .map(Report.Agreement::sqnrDb)
            .orElse(null);
    String told = drop == null ? "" : metric;
    int runs = latency == null ? 0 : latency.runs();
    List<Report.Variant> all = new ArrayList<>();
    all.add(
        new Report.Variant(
            "parent",
            "parent",
            told,
            drop == null ? null : 0.0,
            null,
            size.parent(),
            latency == null ? null : 1.0,
            runs));
    all.addAll(trials);
    all.add(
        new Report.Variant(
            "result",
            "result",
            told,
            drop,
            ratio,
            size.child(),
            latency == null ? null : latency.ratio(),
            runs));
    return all;
  }

  private static boolean agrees(Measurement measured) {
    return drop(measured, "agreement") != null;
  }

  /** How much worse the result is in a metric in ONNX Runtime; null when it was not measured. */
  static @Nullable Double drop(Measurement measured, String metric) {
    if (metric.equals("agreement")) {
      return measured.agreement().stream()
          .filter(row -> row.runtime().equals(RUNTIME) && row.top1() != null)
          .map(row -> row.top1() == null ? 0 : 1 - row.top1())
          .findFirst()
          .orElse(null);
    }
    return measured.accuracy().stream()
        .filter(row -> row.runtime().equals(RUNTIME) && row.metric().equals(metric))
        .map(Report.Accuracy::drop)
        .findFirst()
        .orElse(null);
  }
}
