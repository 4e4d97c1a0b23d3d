package io.compresso.technique;

import static org.assertj.core.api.Assertions.assertThat;

import ai.onnxruntime.OrtSession.SessionOptions.OptLevel;
import io.compresso.engine.Session;
import io.compresso.engine.SessionOptions;
import io.compresso.engine.ShapeInference;
import io.compresso.evaluate.ModelInputs;
import io.compresso.graph.Graph;
import io.compresso.graph.Model;
import io.compresso.graph.ValueInfo;
import io.compresso.graph.ValueType;
import io.compresso.onnx.OnnxCodec;
import io.compresso.tensor.DType;
import io.compresso.tensor.Tensor;
import io.compresso.tensor.Value;
import io.compresso.testing.OrtRunner;
import io.compresso.testing.SharedData;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Quantized models in our engine and in ONNX Runtime, both with all optimizations: float outputs
 * agree by 40 dB, quantized values within one step on 99.9 % of the elements.
 */
@Tag("shared-data")
class QuantizedAgreementSharedTest {
  private static final int CALIBRATION_RUNS = 4;

  @TempDir private Path work;

  @ParameterizedTest
  @ValueSource(
      strings = {
        "ort-qdq-multi-consumer",
        "mlperf-ic-resnet8-fp32",
        "mlperf-vww-mobilenetv1-fp32",
        "mlperf-kws-alibaba",
        "mnist-8",
        "mnist-cnn-pytorch-ort",
        "ultraface-slim-320",
        "ort-simplified-ssd",
        "espcn-float",
        "unet-sedgen"
      })
  void quantizedModel_agreesWithOnnxRuntime(String name) throws Exception {
    Model model = OnnxCodec.read(SharedData.models().getFirst().resolveSibling(name + ".onnx"));
    boolean quantized = model.graph().nodes().stream().anyMatch(node -> node.is("QuantizeLinear"));
    Model int8 = quantized ? model : quantized(model);
    Map<String, Tensor> inputs = ModelInputs.random(int8.graph(), 1, 99);

    assertThat(sqnr(int8, inputs)).as("dB").isGreaterThanOrEqualTo(40);
    assertThat(withinOneStep(int8, inputs)).as("within one step").isGreaterThanOrEqualTo(0.999);
  }

  /** The least ratio of signal to noise among the float outputs. */
  private double sqnr(Model model, Map<String, Tensor> inputs) throws Exception {
    double least = Double.POSITIVE_INFINITY;
    try (OrtRunner peer = OrtRunner.of(bytes(model), OptLevel.ALL_OPT);
        Session session = Session.create(model, SessionOptions.DEFAULT)) {
      Map<String, Value> actual = session.run(inputs);
      for (Map.Entry<String, Tensor> output : peer.run(inputs).entrySet()) {
        Tensor expected = output.getValue();
        if (expected.dtype() != DType.FLOAT) {
          continue;
        }
        Tensor ours = (Tensor) actual.get(output.getKey());
        double signal = 0;
        double noise = 0;
        for (long i = 0; i < expected.size(); i++) {
          double error = ours.getDouble(i) - expected.getDouble(i);
          signal += expected.getDouble(i) * expected.getDouble(i);
          noise += error * error;
        }
        least = Math.min(least, 10 * Math.log10(signal / Math.max(noise, 1e-30)));
      }
    }
    return least;
  }

  /** The share of all quantized activations that differ by no more than one step. */
  private double withinOneStep(Model model, Map<String, Tensor> inputs) throws Exception {
    Set<String> names = new LinkedHashSet<>();
    List<ValueInfo> outputs = new ArrayList<>(model.graph().outputs());
    Set<String> given = new LinkedHashSet<>();
    outputs.forEach(output -> given.add(output.name()));
    model.graph().nodes().stream()
        .filter(node -> node.is("QuantizeLinear"))
        .map(node -> node.outputs().getFirst())
        .filter(name -> !given.contains(name))
        .forEach(name -> {
          names.add(name);
          outputs.add(new ValueInfo(name, ValueType.UNKNOWN));
        });
    Graph graph = model.graph();
    Model open =
        model.withGraph(
            new Graph(
                graph.name(),
                graph.inputs(),
                outputs,
                graph.nodes(),
                graph.initializers(),
                graph.valueInfos(),
                graph.annotations()));
    long elements = 0;
    long apart = 0;
    try (OrtRunner peer = OrtRunner.of(bytes(typed(open)), OptLevel.ALL_OPT);
        Session session = Session.create(model, SessionOptions.DEFAULT)) {
      Map<String, Value> actual = session.run(inputs, names);
      Map<String, Tensor> expected = peer.run(inputs);
      for (String name : names) {
        Tensor theirs = expected.get(name);
        Tensor ours = (Tensor) actual.get(name);
        assertThat(ours.shape()).as(name).isEqualTo(theirs.shape());
        for (long i = 0; i < theirs.size(); i++) {
          apart += Math.abs(theirs.getLong(i) - ours.getLong(i)) > 1 ? 1 : 0;
        }
        elements += theirs.size();
      }
    }
    assertThat(elements).isPositive();
    return 1 - (double) apart / elements;
  }

  /** The model with the types of its outputs, which ONNX Runtime wants to be told. */
  private static Model typed(Model model) {
    return ShapeInference.annotate(model);
  }

  private byte[] bytes(Model model) throws IOException {
    Path file = work.resolve("model.onnx");
    OnnxCodec.write(model, file);
    return Files.readAllBytes(file);
  }

  private Model quantized(Model model) {
    Map<String, Object> parameters =
        Map.of(
            "mode",
            "static",
            "weights",
            Map.of("correctBias", false),
            "activations",
            Map.of("observer", "min-max"));
    JobSpec.Step step = JobSpec.of("quantize", parameters).pipeline().getFirst();
    return apply(TechniqueCatalog.find("quantize").orElseThrow(), step.parameters(), model);
  }

  private <P extends Record> Model apply(Technique<P> technique, Record parameters, Model model) {
    JobSpec.Budget budget = new JobSpec.Budget(1, 0.01, JobSpec.Budget.DEFAULT.maxMemoryMb());
    StepContext context =
        new StepContext(random(model), null, "auto", budget, 1, work, JobHost.LOCAL);
    return technique.apply(model, technique.parameters().cast(parameters), context).model();
  }

  private static BatchSource random(Model model) {
    return new BatchSource() {
      @Override
      public long samples() {
        return CALIBRATION_RUNS;
      }

      @Override
      public void forEach(Consumer consumer) {
        for (int i = 0; i < CALIBRATION_RUNS; i++) {
          Map<String, Tensor> inputs = new LinkedHashMap<>();
          ModelInputs.random(model.graph(), 1, i + 1).forEach(inputs::put);
          consumer.accept(inputs, 1);
        }
      }
    };
  }
}
