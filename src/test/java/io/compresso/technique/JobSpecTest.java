package io.compresso.technique;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class JobSpecTest {
  @Test
  void bind_givesEveryField_whenTheJobIsComplete() {
    JobSpec spec =
        JobSpec.bind(
            Map.of(
                "name",
                "edge",
                "model",
                "m1",
                "data",
                Map.of(
                    "calibration",
                    "d1",
                    "eval",
                    Map.of("dataset", "d2", "select", Map.of("to", 9))),
                "target",
                "x86-avx2",
                "pipeline",
                List.of(Map.of("quantize", Map.of("weights", Map.of("perChannel", false)))),
                "goals",
                Map.of("accuracy", Map.of("maxDrop", 0.01)),
                "budget",
                Map.of("maxMinutes", 5),
                "seed",
                7));

    assertThat(spec.data().calibration()).isEqualTo(new JobSpec.DataRef("d1", null, Map.of()));
    assertThat(spec.data().eval())
        .isEqualTo(
            new JobSpec.DataRef(
                "d2", new JobSpec.Select(0, 9L, 1, false, null, 1, false), Map.of()));
    assertThat(spec.data().train()).isNull();
    assertThat(spec.goals().accuracy()).isEqualTo(new JobSpec.AccuracyGoal("top1", 0.01));
    assertThat(spec.budget()).isEqualTo(new JobSpec.Budget(20, 5, 4096));
    assertThat(spec.seed()).isEqualTo(7);
    assertThat(spec.pipeline()).hasSize(1);
    assertThat(RecordBinder.toMap(spec.pipeline().getFirst().parameters()).get("weights"))
        .isEqualTo(
            Map.ofEntries(
                Map.entry("bits", 8),
                Map.entry("perChannel", false),
                Map.entry("observer", "mse"),
                Map.entry("percentile", 99.99),
                Map.entry("equalize", false),
                Map.entry("correctBias", true),
                Map.entry("rounding", "nearest"),
                Map.entry("damping", 0.01),
                Map.entry("actOrder", true),
                Map.entry("block", 32),
                Map.entry("symmetric", false),
                Map.entry("embeddingBits", 8)));
  }

  @Test
  void toMap_bindsToTheSameJob() {
    JobSpec spec = JobSpec.bind(Map.of("model", "m", "preset", "accurate"));
    assertThat(JobSpec.bind(spec.toMap()).toMap()).isEqualTo(spec.toMap());
  }

  @Test
  void bind_expandsThePreset() {
    JobSpec spec = JobSpec.bind(Map.of("model", "m", "preset", "balanced"));
    assertThat(spec.pipeline()).isEqualTo(TechniqueCatalog.preset("balanced").pipeline());
  }

  @Test
  void bind_collectsEveryProblem() {
    Map<String, Object> job = new LinkedHashMap<>();
    job.put("modle", "m");
    job.put("pipeline", List.of(Map.of("quantize", Map.of("weights", Map.of("bits", 3)))));
    job.put("seed", -1);
    JobException e = catchThrowableOfType(JobException.class, () -> JobSpec.bind(job));
    assertThat(e.problems())
        .extracting(Problem::path)
        .containsExactlyInAnyOrder("modle", "model", "pipeline[0].quantize.weights.bits", "seed");
    assertThat(e)
        .hasMessageContaining("pipeline[0].quantize.weights.bits: must be between 4 and 8, not 3");
  }

  @ParameterizedTest
  @CsvSource({
    "mode,sttic,'pipeline[0].quantize.mode: must be one of static, dynamic, weight-only, fp16, bf16, not ''sttic'''",
    "weights,8,'pipeline[0].quantize.weights: must be an object, not ''8'''",
    "format,QDQ,'pipeline[0].quantize.format: must be one of qdq, qoperator, not ''QDQ'''",
    "nodes,x,'pipeline[0].quantize.nodes: unknown field; allowed: mode, backend, weights'",
  })
  void bind_namesTheFieldAndWhatIsAllowed(String field, String value, String message) {
    assertThat(
            catchThrowableOfType(
                JobException.class, () -> JobSpec.of("quantize", Map.of(field, value))))
        .hasMessageContaining(message);
  }

  @Test
  void bind_refuses_whenAStepIsNotOneTechnique() {
    for (Object step :
        List.of("quantize", Map.of(), Map.of("quantise", Map.of()), Map.of("a", 1, "b", 2), 3)) {
      JobException e =
          catchThrowableOfType(
              JobException.class,
              () -> JobSpec.bind(Map.of("model", "m", "pipeline", List.of(step))));
      assertThat(e).hasMessageContaining("pipeline[0]").hasMessageContaining("quantize");
    }
  }

  @Test
  void bind_refuses_whenNumbersAreNotNumbers() {
    for (Object seed : List.of("1", 1.5, Double.NaN, true, List.of(1, 2), "9".repeat(40))) {
      JobException e =
          catchThrowableOfType(
              JobException.class,
              () -> JobSpec.bind(Map.of("model", "m", "preset", "balanced", "seed", seed)));
      assertThat(e.problems()).extracting(Problem::path).contains("seed");
    }
  }

  @Test
  void bind_refuses_whenThePresetIsUnknownOrDoubled() {
    assertThat(
            catchThrowableOfType(
                JobException.class, () -> JobSpec.bind(Map.of("model", "m", "preset", "best"))))
        .hasMessageContaining(
            "preset: must be one of balanced, fastest, accurate, no-data, half, smallest");
    assertThat(
            catchThrowableOfType(
                JobException.class,
                () ->
                    JobSpec.bind(
                        Map.of(
                            "model", "m",
                            "preset", "balanced",
                            "pipeline", List.of(Map.of("quantize", Map.of()))))))
        .hasMessageContaining("together");
    assertThat(catchThrowableOfType(JobException.class, () -> JobSpec.bind(Map.of("model", "m"))))
        .hasMessageContaining("pipeline");
  }

  @Test
  void schema_describesEveryFieldOfTheJob() {
    Map<?, ?> properties = (Map<?, ?>) TechniqueCatalog.schema().get("properties");
    assertThat(properties.keySet())
        .map(String::valueOf)
        .containsExactly(
            "name", "model", "data", "target", "preset", "pipeline", "goals", "budget", "seed");
    assertThat(TechniqueCatalog.schema().get("required")).isEqualTo(List.of("model"));
    Map<?, ?> quantize =
        (Map<?, ?>) TechniqueCatalog.schema(TechniqueCatalog.all().getFirst()).get("properties");
    Map<?, ?> mode = (Map<?, ?>) quantize.get("mode");
    assertThat(mode.get("enum"))
        .isEqualTo(List.of("static", "dynamic", "weight-only", "fp16", "bf16"));
    assertThat(mode.get("default")).isEqualTo("static");
  }

  @Test
  void docs_describeEveryParameterOfEveryTechnique() {
    for (Technique<?> technique : TechniqueCatalog.all()) {
      assertThat(TechniqueCatalog.docs(technique))
          .isNotEmpty()
          .allSatisfy(doc -> assertThat(doc.description()).endsWith("."));
    }
  }
}
