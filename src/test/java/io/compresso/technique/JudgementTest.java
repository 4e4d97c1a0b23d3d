package io.compresso.technique;

import static org.assertj.core.api.Assertions.assertThat;

import io.compresso.graph.Annotations;
import io.compresso.graph.Graph;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class JudgementTest {
  private static final Graph EMPTY =
      new Graph("g", List.of(), List.of(), List.of(), Map.of(), Map.of(), Annotations.NONE);
  private static final Report.Percentiles MILLIS = new Report.Percentiles(5, 6, 7);

  private final Measurement measured = new Measurement(null, true);

  private void latency(double low, double median, double high) {
    measured
        .latency()
        .add(new Report.Latency("onnxruntime", 1, 2, 50, MILLIS, MILLIS, median, low, high));
  }

  private void agreement(double top1, double db) {
    measured.agreement().add(new Report.Agreement("onnxruntime", "y", 100, top1, db, 1));
  }

  private Report.Verdict verdict(double sizeRatio, Map<String, ?> goals, Report.Layer... layers) {
    return judgement(sizeRatio, goals).verdict(EMPTY, List.of(layers));
  }

  private Judgement judgement(double sizeRatio, Map<String, ?> goals) {
    Map<String, Object> fields = new LinkedHashMap<>(Map.of("model", "m", "preset", "no-data"));
    fields.put("goals", goals);
    Report.Size size =
        new Report.Size(1000, Math.round(1000 * sizeRatio), sizeRatio, 800, 200, 0.25);
    return new Judgement(JobSpec.bind(fields), size, measured);
  }

  @Test
  void better_isFaster_onlyWhenTheIntervalIs() {
    latency(0.98, 1.2, 1.4);
    assertThat(verdict(1, Map.of()).result()).isEqualTo("not better");
    measured.latency().clear();
    latency(1.01, 1.2, 1.4);
    assertThat(verdict(1, Map.of()).result()).isEqualTo("better");
  }

  @Test
  void better_isWhatTheGoalsAsk() {
    latency(0.7, 0.8, 0.9);
    assertThat(verdict(0.3, Map.of()).result()).isEqualTo("better");
    assertThat(verdict(0.3, Map.of("size", Map.of("maxRatio", 0.5))).result()).isEqualTo("better");
    assertThat(verdict(0.3, Map.of("latency", Map.of("minSpeedup", 0.5))).result())
        .isEqualTo("not better");
  }

  @Test
  void reasons_sayThatNothingBoundsTheLoss_whenTheOutputsAreFar() {
    agreement(0.91, 8.5);
    Report.Verdict verdict = verdict(0.3, Map.of());
    assertThat(verdict.result()).isEqualTo("better");
    assertThat(verdict.reasons())
        .contains(
            "output 'y' against the parent's: 8.5 dB signal to noise, the same top-1 on 91.00 %")
        .anyMatch(reason -> reason.contains("no goal bounds the loss"));
    Map<String, ?> goals = Map.of("accuracy", Map.of("metric", "agreement", "maxDrop", 0.2));
    assertThat(verdict(0.3, goals).reasons())
        .noneMatch(reason -> reason.contains("no goal bounds the loss"));
  }

  @Test
  void gate_isHard_andTheReasonsNameTheLayersThatHurt() {
    latency(1.5, 1.6, 1.7);
    agreement(0.9, 12);
    Map<String, ?> goals = Map.of("accuracy", Map.of("metric", "agreement", "maxDrop", 0.01));
    Report.Verdict verdict =
        verdict(
            0.3,
            goals,
            new Report.Layer("good", "Conv", "int8", 10, 40.0, null, ""),
            new Report.Layer("bad", "Conv", "int8", 10, 9.0, null, ""));
    assertThat(judgement(0.3, goals).gate()).isEqualTo("failed");
    assertThat(verdict.result()).isEqualTo("not better");
    assertThat(verdict.reasons())
        .contains("the layers that hurt most, each compressed alone: bad (9.0 dB), good (40.0 dB)");
  }

  @Test
  void reasons_sayWhatToChange_whenAPrecisionIsNotComputedIn() {
    latency(0.5, 0.6, 0.7);
    Report.Verdict verdict =
        verdict(0.5, Map.of(), new Report.Layer("c", "Conv", "bf16", 10, 40.0, null, ""));
    assertThat(verdict.reasons())
        .anyMatch(reason -> reason.startsWith("not measured faster in onnxruntime"))
        .anyMatch(reason -> reason.contains("smaller, not faster; use int8"));
  }
}
