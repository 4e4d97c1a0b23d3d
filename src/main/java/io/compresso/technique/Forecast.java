package io.compresso.technique;

import io.compresso.graph.GraphException;
import io.compresso.graph.Model;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Holds the advice for the technique that a job ran against what the job measured. */
final class Forecast {
  /** Where the advice's speeds are meant. */
  private static final String RUNTIME = "compresso";

  private Forecast() {}

  /**
   * The advice's figures for the job's only step; none when the job has several, or the advice does
   * not know the step for this model.
   */
  static List<Report.Estimate> of(
      Model parent, JobSpec spec, Advisor.Facts facts, Report.Size size, Measurement measured) {
    if (spec.pipeline().size() != 1) {
      return List.of();
    }
    Advice advice;
    try {
      advice = Advisor.advise(parent, facts, spec.target());
    } catch (GraphException _) {
      return List.of();
    }
    Map<String, Object> ran = spec.pipeline().getFirst().toMap();
    for (Advice.Recommendation recommended : advice.recommendations()) {
      Advice.Expectation expected = recommended.expected();
      if (expected != null && isSame(recommended.step(), ran)) {
        return estimates(recommended.title(), advice.target(), expected, size, measured);
      }
    }
    return List.of();
  }

  /** Whether a step is of the technique, mode and bits that the advice names. */
  private static boolean isSame(Map<String, Object> advised, Map<String, Object> ran) {
    for (Map.Entry<String, Object> step : advised.entrySet()) {
      if (!(step.getValue() instanceof Map<?, ?> wanted)
          || !(ran.get(step.getKey()) instanceof Map<?, ?> own)
          || !Objects.equals(wanted.get("mode"), own.get("mode"))) {
        return false;
      }
      Object bits = wanted.get("weights") instanceof Map<?, ?> weights ? weights.get("bits") : null;
      Object ownBits = own.get("weights") instanceof Map<?, ?> weights ? weights.get("bits") : null;
      if (bits != null && !Objects.equals(bits, ownBits)) {
        return false;
      }
    }
    return true;
  }

  private static List<Report.Estimate> estimates(
      String title,
      String target,
      Advice.Expectation expected,
      Report.Size size,
      Measurement measured) {
    List<Report.Estimate> rows = new ArrayList<>();
    rows.add(
        row(title, target, "size", expected.sizeRatio(), size.ratio(), "bytes of the two files"));
    Report.Latency latency =
        measured.latency().stream()
            .filter(one -> one.runtime().equals(RUNTIME))
            .findFirst()
            .orElse(null);
    rows.add(
        row(
            title,
            target,
            "speedup",
            expected.speedup(),
            latency == null ? null : latency.ratio(),
            latency == null
                ? "latency was not measured in " + RUNTIME
                : "%s, batch %d, %d threads, %d pairs of runs"
                    .formatted(RUNTIME, latency.batch(), latency.threads(), latency.runs())));
    return rows;
  }

  private static Report.Estimate row(
      String title,
      String target,
      String quantity,
      double estimate,
      @Nullable Double measured,
      String how) {
    return new Report.Estimate(
        title,
        target,
        quantity,
        estimate,
        measured,
        measured == null ? null : measured / estimate,
        how);
  }
}
