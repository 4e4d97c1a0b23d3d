package io.compresso.technique;

import static org.assertj.core.api.Assertions.assertThat;

import io.compresso.graph.Annotations;
import io.compresso.graph.Graph;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class JudgementTest {
  private static final Graph EMPTY =
      new Graph("g", List.of(), List.of(), List.of(), Map.of(), Map.of(), Annotations.NONE);
  private static final Report.Percentiles MILLIS = new Report.Percentiles(5, 6, 7);

  private final Measurement measured =
      new Measurement(null, true, false, TimeLeft.of(JobSpec.Budget.DEFAULT));

  private void latency(double low, double median, double high) {
    measured
        .latency()
        .add(new Report.Latency("onnxruntime", 1, 2, 50, MILLIS, MILLIS, median, low, high));
  }

  private void agreement(double top1, double db) {
    measured.agreement().add(new Report.Agreement("onnxruntime", "y", 100, top1, db, 1));
  }

  private Report.Verdict verdict(double sizeRatio, Map<String, ?> goals, Report.Layer... layers) {
    return judgement(sizeRatio, goals).verdict(EMPTY, List.of(layers), List.of());
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
            new Report.Layer("good", "Conv", "int8", 10, 40.0, null, "", null),
            new Report.Layer("bad", "Conv", "int8", 10, 9.0, null, "", null));
    assertThat(judgement(0.3, goals).gate()).isEqualTo("failed");
    assertThat(verdict.result()).isEqualTo("not better");
    assertThat(verdict.reasons())
        .contains("the layers that hurt most, each compressed alone: bad (9.0 dB), good (40.0 dB)");
  }

  @Test
  void reasons_nameTheBestVariants_whenTheGateFails() {
    agreement(0.9, 12);
    Map<String, ?> goals = Map.of("accuracy", Map.of("metric", "agreement", "maxDrop", 0.01));
    assertThat(verdict(0.3, goals).reasons())
        .contains("no other variant was tried: exclude: auto looks for the layers to leave out");
    List<Report.Variant> variants =
        List.of(
            new Report.Variant("parent", "parent", "agreement", 0.0, null, 1000, 1.0, 9),
            new Report.Variant("none", "tried", "agreement", 0.2, 12.0, 250, null, 0),
            new Report.Variant("2 layers in float", "tried", "agreement", 0.05, 20.0, 500, 1.5, 9));
    assertThat(judgement(0.3, goals).verdict(EMPTY, List.of(), variants).reasons())
        .contains(
            "the best variants that were tried: 2 layers in float (loss 0.0500, 0.500 of the"
                + " parent's bytes, 1.50 times its speed), none (loss 0.2000, 0.250 of the parent's"
                + " bytes)");
  }

  @Test
  void reasons_sayWhatKeepsTheFileLarge_whenItIsNotSmaller() {
    assertThat(
            verdict(
                    0.99,
                    Map.of(),
                    new Report.Layer("big", "Conv", "fp32", 99, null, null, "", null))
                .reasons())
        .contains(
            "not measured smaller: 0.990 of the parent's bytes",
            "the largest layers that stay in fp32: 'big' (99 weights); exclude fewer of them")
        .anyMatch(reason -> reason.startsWith("the weights that were compressed are 80.0 %"));
  }

  @Test
  void reasons_nameTheOperatorsThatTakeLonger_andThoseThatAreNew() {
    List<String> reasons = new ArrayList<>();
    Report.Latency latency = new Report.Latency("compresso", 1, 2, 9, MILLIS, MILLIS, 0.9, 0.8, 1);
    Report.Operators operators =
        new Report.Operators(
            "compresso",
            1,
            2,
            9,
            20,
            40,
            List.of(),
            List.of(
                operator("slow", 10, 25),
                operator("fast", 10, 5),
                operator("QuantizeLinear(x)", 0, 10)));
    Report.Layer layer = new Report.Layer("slow", "Conv", "int8", 9, null, null, "", null);
    Explanation.ofTime(EMPTY, List.of(layer), latency, operators, reasons);
    assertThat(reasons)
        .containsExactly(
            "in this engine 'slow' takes 25.0 us and took 10.0 us: B (reference) in the place of A"
                + " (k); exclude it",
            "in this engine 25.0 % of the result's time is in operators that the parent has not:"
                + " B at 'QuantizeLinear(x)' (10.0 us); compress the layers on both sides of them,"
                + " or neither");
  }

  private static Report.Operator operator(String node, double before, double after) {
    return new Report.Operator(
        List.of(node), List.of("A"), List.of("B"), before, after, List.of("k"), List.of());
  }

  @Test
  void reasons_sayWhatToChange_whenAPrecisionIsNotComputedIn() {
    latency(0.5, 0.6, 0.7);
    Report.Verdict verdict =
        verdict(0.5, Map.of(), new Report.Layer("c", "Conv", "bf16", 10, 40.0, null, "", null));
    assertThat(verdict.reasons())
        .anyMatch(reason -> reason.startsWith("not measured faster in onnxruntime"))
        .anyMatch(reason -> reason.contains("smaller, not faster; use int8"));
  }
}
