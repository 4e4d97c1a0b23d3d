package io.compresso.technique;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.compresso.data.Dataset;
import io.compresso.data.Sample;
import io.compresso.evaluate.Target;
import io.compresso.graph.Annotations;
import io.compresso.graph.Attribute;
import io.compresso.graph.Graph;
import io.compresso.graph.Model;
import io.compresso.graph.Node;
import io.compresso.graph.ValueInfo;
import io.compresso.graph.ValueType;
import io.compresso.onnx.OnnxCodec;
import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.Callable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.constructor.SafeConstructor;

class PipelineTest {
  @TempDir private Path work;

  private Path file;
  private JobData data;

  @BeforeEach
  void writeModel() throws IOException {
    Model model = convolutional();
    file = work.resolve("parent.onnx");
    OnnxCodec.write(model, file);
    data =
        new JobData(
            null,
            new JobData.Bound(new RandomDataset(model, 16)),
            new JobData.Bound(new RandomDataset(model, 12)));
  }

  /** Conv, BatchNormalization, MaxPool, Relu, residual Add, Reshape, MatMul + Add, Gemm, Relu. */
  private static Model convolutional() {
    Random random = new Random(5);
    Map<String, Tensor> constants = new LinkedHashMap<>();
    constants.put("w1", gaussian(random, 0.3f, 8, 3, 3, 3));
    constants.put("gain", gaussian(random, 1, 8));
    constants.put("shift", gaussian(random, 1, 8));
    constants.put("mean", gaussian(random, 1, 8));
    constants.put("variance", Tensor.ofFloats(Shape.of(8), 1, 2, 3, 4, 0.5f, 0.1f, 1, 2));
    constants.put("w2", gaussian(random, 0.1f, 8, 8, 3, 3));
    constants.put("b2", gaussian(random, 0.1f, 8));
    constants.put("flat", Tensor.ofLongs(Shape.of(2), 1, 128));
    constants.put("w3", gaussian(random, 0.1f, 128, 20));
    constants.put("b3", gaussian(random, 0.1f, 1, 20));
    constants.put("w4", gaussian(random, 0.2f, 5, 20));
    constants.put("b4", gaussian(random, 0.2f, 5));
    List<Node> nodes =
        List.of(
            Node.of("first", "Conv", List.of("x", "w1"), List.of("c1"), pads()),
            Node.of(
                "BatchNormalization",
                List.of("c1", "gain", "shift", "mean", "variance"),
                List.of("n1"),
                Map.of()),
            Node.of(
                "MaxPool",
                List.of("n1"),
                List.of("p1"),
                Map.of("kernel_shape", Attribute.ints(2, 2), "strides", Attribute.ints(2, 2))),
            Node.of("Relu", List.of("p1"), List.of("r1"), Map.of()),
            Node.of("second", "Conv", List.of("r1", "w2", "b2"), List.of("c2"), pads()),
            Node.of("Add", List.of("c2", "r1"), List.of("a2"), Map.of()),
            Node.of("Reshape", List.of("a2", "flat"), List.of("f2"), Map.of()),
            Node.of("third", "MatMul", List.of("f2", "w3"), List.of("m3"), Map.of()),
            Node.of("Add", List.of("m3", "b3"), List.of("a3"), Map.of()),
            Node.of(
                "fourth",
                "Gemm",
                List.of("a3", "w4", "b4"),
                List.of("g4"),
                Map.of("transB", Attribute.of(1))),
            Node.of("Relu", List.of("g4"), List.of("r4"), Map.of()),
            Node.of("Softmax", List.of("r4"), List.of("y"), Map.of("axis", Attribute.of(1))));
    Graph graph =
        new Graph(
            "g",
            List.of(new ValueInfo("x", ValueType.tensor(DType.FLOAT, Shape.of(1, 3, 8, 8)))),
            List.of(new ValueInfo("y", ValueType.tensor(DType.FLOAT, Shape.of(1, 5)))),
            nodes,
            constants,
            Map.of(),
            Annotations.NONE);
    return new Model(
        6,
        Map.of("", 11),
        new Model.Producer("test", "", "", 0),
        graph,
        List.of(),
        Annotations.NONE);
  }

  private static Map<String, Attribute> pads() {
    return Map.of("pads", Attribute.ints(1, 1, 1, 1), "kernel_shape", Attribute.ints(3, 3));
  }

  private static Tensor gaussian(Random random, float scale, long... dims) {
    float[] values = new float[(int) Shape.of(dims).size()];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) random.nextGaussian() * scale;
    }
    return Tensor.ofFloats(Shape.of(dims), values);
  }

  @ParameterizedTest
  @CsvSource({
    "static, qdq, true, uint8",
    "static, qdq, false, uint8",
    "static, qdq, true, int8",
    "static, qoperator, true, uint8",
    "static, qoperator, false, uint8",
    "dynamic, qdq, true, uint8",
    "dynamic, qdq, false, uint8"
  })
  void run_givesAModelCloseToItsParent(
      String mode, String format, boolean perChannel, String activations) {
    JobSpec spec =
        JobSpec.of(
            "quantize",
            Map.of(
                "mode",
                mode,
                "format",
                format,
                "weights",
                Map.of("perChannel", perChannel),
                "activations",
                Map.of("type", activations)));

    Report report = Pipeline.run(file, data, spec, work, JobHost.LOCAL).report();

    Report.Agreement agreement = report.agreement().getFirst();
    assertThat(agreement.runtime()).isEqualTo("onnxruntime");
    assertThat(agreement.sqnrDb()).isGreaterThan(20);
    assertThat(report.size().quantizedRatio()).isLessThan(0.3);
    assertThat(report.layers())
        .extracting(Report.Layer::precision)
        .containsExactly(
            mode.equals("static")
                ? new String[] {"int8", "int8", "int8", "int8"}
                : new String[] {"fp32", "fp32", "int8", "int8"});
    // Conv 8*8*27 * 8 + 16 * 8 * 72, MatMul 2560, Gemm 100.
    assertThat(report.cost().parentMacs()).isEqualTo(13824L + 9216 + 2560 + 100);
    if (mode.equals("static")) {
      assertThat(report.cost().childMacs()).isEqualTo(report.cost().parentMacs());
    }
    assertThat(report.markdown()).contains("## Layers", "| third | Gemm |");
  }

  @Test
  void run_measuresWhatTheChartsShow() {
    Report report = Pipeline.run(file, data, job(Map.of()), work, JobHost.LOCAL).report();
    assertThat(report.layers())
        .allSatisfy(layer -> {
          Report.Histogram histogram = layer.histogram();
          assertThat(histogram).as(layer.node()).isNotNull();
          assertThat(histogram.before().stream().mapToLong(Long::longValue).sum())
              .isEqualTo(layer.weights());
          assertThat(histogram.after().stream().mapToLong(Long::longValue).sum())
              .isEqualTo(layer.weights());
          assertThat(histogram.sqnrDb()).isGreaterThan(30);
        });
    Report.Operators operators = report.operators();
    assertThat(operators).isNotNull();
    assertThat(operators.runs()).isPositive();
    assertThat(operators.rows())
        .anySatisfy(row -> {
          assertThat(row.nodes()).contains("second");
          assertThat(row.parentMicros()).isPositive();
          assertThat(row.childMicros()).isPositive();
          assertThat(row.childOperators()).contains("QuantizedConv");
        });
    assertThat(operators.rows().stream().mapToDouble(Report.Operator::childMicros).sum())
        .isCloseTo(operators.childMicros(), within(1e-6));
    assertThat(report.variants())
        .extracting(Report.Variant::role)
        .containsExactly("parent", "result");
    assertThat(report.estimates())
        .extracting(Report.Estimate::quantity)
        .containsExactly("size", "speedup");
    assertThat(report.estimates())
        .allSatisfy(row -> {
          assertThat(row.advice()).isEqualTo("static int8");
          assertThat(row.measured()).isNotNull();
          assertThat(row.ratio()).isCloseTo(row.measured() / row.estimate(), within(1e-9));
        });
    assertThat(report.estimates().getFirst().measured()).isEqualTo(report.size().ratio());
    assertThat(report.markdown())
        .contains(
            "## Time by kind of operator", "| Conv | ", "| parent | ", "| static int8 | size |");
  }

  @Test
  void run_holdsNoEstimate_againstAStepThatTheAdviceDoesNotName() {
    JobSpec spec = JobSpec.of("quantize", Map.of("mode", "bf16"));
    Report report = Pipeline.run(file, data, spec, work, JobHost.LOCAL).report();
    assertThat(report.estimates()).isEmpty();
    assertThat(report.layers()).extracting(Report.Layer::histogram).doesNotContainNull();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{}",
        "{weights: {rounding: gptq}}",
        "{weights: {rounding: adaround}, activations: {observer: entropy}}",
        "{mode: weight-only, weights: {bits: 4, rounding: gptq}}",
        "{mode: fp16}",
        "{mode: bf16}"
      })
  void run_givesTheSameBytes_whenTheJobIsTheSame(String parameters) throws IOException {
    Map<String, Object> fields =
        new Yaml(new SafeConstructor(new LoaderOptions())).load(parameters);
    JobSpec spec = JobSpec.of("quantize", fields);
    byte[] first = Files.readAllBytes(Pipeline.run(file, data, spec, work, JobHost.LOCAL).model());
    byte[] second = Files.readAllBytes(Pipeline.run(file, data, spec, work, JobHost.LOCAL).model());
    assertThat(second).isEqualTo(first);
  }

  @Test
  void run_leavesOutWhatIsExcluded() throws IOException {
    JobSpec spec = JobSpec.of("quantize", Map.of("exclude", List.of("second", "third")));
    Pipeline.Result result = Pipeline.run(file, data, spec, work, JobHost.LOCAL);
    assertThat(result.report().layers())
        .extracting(Report.Layer::precision)
        .containsExactly("int8", "fp32", "fp32", "int8");
    assertThat(OnnxCodec.read(result.model()).graph().initializers()).containsKey("w2");
  }

  @Test
  void run_failsTheGate_whenAGoalIsMissed() {
    JobSpec spec =
        JobSpec.bind(
            Map.of(
                "model", "m",
                "preset", "balanced",
                "goals",
                    Map.of(
                        "accuracy", Map.of("metric", "agreement", "maxDrop", 1),
                        "size", Map.of("maxRatio", 0.01))));
    Report report = Pipeline.run(file, data, spec, work, JobHost.LOCAL).report();
    assertThat(report.gate()).isEqualTo("failed");
    assertThat(report.verdict().result()).isEqualTo("not better");
    assertThat(report.goals()).extracting(Report.GoalResult::reached).containsExactly(true, false);
  }

  @Test
  void run_leavesTheWorstLayersInFloat_whenExcludeIsAuto() {
    JobSpec spec =
        JobSpec.bind(
            Map.of(
                "model", "m",
                "preset", "accurate",
                "goals", Map.of("accuracy", Map.of("metric", "agreement", "maxDrop", 0))));
    Report report = Pipeline.run(file, data, spec, work, JobHost.LOCAL).report();
    assertThat(report.notes()).anyMatch(note -> note.startsWith("exclude auto:"));
    assertThat(report.variants())
        .hasSizeGreaterThan(2)
        .allSatisfy(variant -> {
          assertThat(variant.metric()).isEqualTo("agreement");
          assertThat(variant.drop()).isNotNull();
          assertThat(variant.bytes()).isPositive();
          assertThat(variant.speedup()).isPositive();
          assertThat(variant.runs()).isPositive();
        });
    assertThat(report.variants().getFirst().role()).isEqualTo("parent");
    assertThat(report.variants().get(1).name()).isEqualTo("0 layers on 16-bit activations");
    assertThat(report.variants().getLast().role()).isEqualTo("result");
    assertThat(report.html()).contains("0 layers on 16-bit activations");
    assertThat(report.layers()).anyMatch(layer -> layer.precision().equals("int8"));
    assertThat(report.gate()).isEqualTo("passed");
  }

  @Test
  void run_ends_whenTheHostStopsIt() {
    JobHost stopping =
        new JobHost() {
          @Override
          public void progress(String stage, double fraction) {}

          @Override
          public void log(String line) {}

          @Override
          public void checkpoint() {
            throw new JobStoppedException("cancelled");
          }

          @Override
          public <T> T measuring(Callable<T> work) throws Exception {
            return work.call();
          }
        };
    JobSpec spec = JobSpec.bind(Map.of("model", "m", "preset", "balanced"));
    assertThatThrownBy(() -> Pipeline.run(file, data, spec, work, stopping))
        .isInstanceOf(JobStoppedException.class);
  }

  @Test
  void validate_namesEveryFieldThatIsWrong() throws IOException {
    Model model = OnnxCodec.read(file);
    JobSpec spec =
        JobSpec.bind(
            Map.of(
                "model", "m",
                "pipeline", List.of(Map.of("quantize", Map.of("exclude", "nowhere"))),
                "goals", Map.of("accuracy", Map.of("maxDrop", 0.1))));
    assertThat(Pipeline.validate(spec, model, JobData.NONE).problems())
        .extracting(Problem::path)
        .containsExactly(
            "goals.accuracy", "pipeline[0].quantize.mode", "pipeline[0].quantize.exclude[0]");
    assertThat(Pipeline.validate(spec, model, data).problems())
        .extracting(Problem::path)
        .containsExactly("goals.accuracy.metric", "pipeline[0].quantize.exclude[0]");
  }

  private static JobSpec job(Map<String, ?> more) {
    Map<String, Object> fields = new LinkedHashMap<>(Map.of("model", "m", "preset", "balanced"));
    fields.putAll(more);
    return JobSpec.bind(fields);
  }

  @Test
  void validate_refusesASecondStep_thatFindsNothingLeft() throws IOException {
    Map<String, Object> convolutions = Map.of("operators", List.of("Conv"));
    Map<String, Object> products = Map.of("operators", List.of("Gemm"));
    assertThat(problems(Map.of(), Map.of())).containsExactly("pipeline[1].quantize");
    assertThat(problems(convolutions, Map.of("mode", "fp16")))
        .containsExactly("pipeline[1].quantize");
    assertThat(problems(convolutions, products)).isEmpty();
  }

  private List<String> problems(Map<String, ?> first, Map<String, ?> second) throws IOException {
    JobSpec spec =
        JobSpec.bind(
            Map.of(
                "model",
                "m",
                "pipeline",
                List.of(Map.of("quantize", first), Map.of("quantize", second))));
    return Pipeline.validate(spec, OnnxCodec.read(file), data).problems().stream()
        .map(Problem::path)
        .toList();
  }

  @Test
  void validate_warns_whenASelectionEndsBeyondTheData() throws IOException {
    Model model = OnnxCodec.read(file);
    Map<String, Object> calibration =
        Map.of("calibration", Map.of("dataset", "d", "select", Map.of("to", 500)));
    assertThat(Pipeline.validate(job(Map.of("data", calibration)), model, data).warnings())
        .containsExactly(
            "data.calibration.select ends at 500, beyond the end of the data set: 16 samples are"
                + " taken, not 500");
    Map<String, Object> within =
        Map.of("calibration", Map.of("dataset", "d", "select", Map.of("to", 16)));
    assertThat(Pipeline.validate(job(Map.of("data", within)), model, data).warnings()).isEmpty();
  }

  @Test
  void run_doesNotTime_whenTheTargetIsNotThisHost() {
    String target = Target.host().covers("arm64-i8mm") ? "x86-amx" : "arm64-i8mm";
    JobSpec spec =
        job(Map.of("target", target, "goals", Map.of("latency", Map.of("minSpeedup", 1))));
    Report report = Pipeline.run(file, data, spec, work, JobHost.LOCAL).report();
    assertThat(report.latency()).isEmpty();
    assertThat(report.operators()).isNull();
    assertThat(report.estimates()).extracting(Report.Estimate::measured).endsWith((Double) null);
    assertThat(report.html()).contains("Operators were not timed");
    assertThat(report.gate()).isEqualTo("failed");
    assertThat(report.verdict().reasons())
        .anyMatch(reason -> reason.startsWith("latency: not measured, the target '" + target))
        .anyMatch(reason -> reason.startsWith("the layers that hurt most"));
  }

  @Test
  void run_reportsInputsThatAreNotFinite() throws IOException {
    Dataset broken =
        new RandomDataset(OnnxCodec.read(file), 12) {
          @Override
          public Sample get(long index) {
            Sample sample = super.get(index);
            if (index == 3) {
              sample.fields().get("x").setFloat(5, Float.NaN);
            }
            return sample;
          }
        };
    JobData given = new JobData(null, data.calibration(), new JobData.Bound(broken));
    Report report = Pipeline.run(file, given, job(Map.of()), work, JobHost.LOCAL).report();
    assertThat(report.notes())
        .contains("data.eval: input 'x' holds 1 elements that are infinite or NaN");
  }

  @Test
  void run_saysWhatEachLayerLosesAlone_withoutAGoalToo() {
    Report report = Pipeline.run(file, data, job(Map.of()), work, JobHost.LOCAL).report();
    assertThat(report.layers()).hasSize(4);
    assertThat(report.layers()).extracting(Report.Layer::drop).doesNotContainNull();
    assertThat(report.layers()).extracting(Report.Layer::sqnrDb).doesNotContainNull();
  }
}
