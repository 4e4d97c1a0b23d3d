package io.compresso.web;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import ai.onnxruntime.TensorInfo;
import io.compresso.evaluate.OnnxRuntimePeer;
import io.compresso.web.TestServer.Answer;
import java.io.IOException;
import java.net.URLEncoder;
import java.nio.FloatBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.databind.JsonNode;

/**
 * Real models become static int8 through the public API, small, accurate, and loadable by ONNX
 * Runtime.
 */
@Tag("shared-data")
class SharedDataIT {
  private static final TestServer SERVER = TestServer.get();
  private static final Duration LIMIT = Duration.ofMinutes(10);
  private static final double MAX_DROP = 0.005;
  private static final double MAX_QUANTIZED = 0.27;
  private static final double MAX_FILE = 0.33;

  private static final Map<String, String> UPLOADED = new LinkedHashMap<>();

  /**
   * Model, data, selections for calibration and evaluation, top-1 of the parent, bound on the file.
   */
  static Stream<Arguments> models() {
    String first2000 = "{\"from\":0,\"to\":2000}";
    String next200 = "{\"from\":2000,\"to\":2200}";
    return Stream.of(
        Arguments.of("mnist-8", "mnist", next200, first2000, 0.9965, 1.0),
        Arguments.of("mnist-cnn-pytorch-ort", "mnist", next200, first2000, 0.9950, MAX_FILE),
        Arguments.of(
            "mlperf-ic-resnet8-fp32",
            "cifar10",
            "{\"from\":200,\"to\":220,\"perClass\":true}",
            "{\"from\":0,\"to\":200,\"perClass\":true}",
            0.8025,
            MAX_FILE));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("models")
  void model_becomesStaticInt8(
      String name, String data, String calibration, String eval, double top1, double maxFile)
      throws Exception {
    byte[] parent = Files.readAllBytes(shared().resolve("models").resolve(name + ".onnx"));
    String model = id(SERVER.upload("/v1/models?name=" + name, parent));
    String dataset = dataset(data);
    Answer submitted =
        SERVER.postJson(
            "/v1/jobs",
            """
            {"name": "%s-int8", "model": "%s",
             "data": {"calibration": {"dataset": "%s", "select": %s}, "eval": {"dataset": "%s", "select": %s}},
             "pipeline": [{"quantize": {"mode": "static"}}],
             "goals": {"accuracy": {"metric": "top1", "maxDrop": %s}}}
            """
                .formatted(name, model, dataset, calibration, dataset, eval, MAX_DROP));
    JsonNode job = SERVER.await(id(submitted), LIMIT);
    assertThat(job.path("state").asString()).as(job.toString()).isEqualTo("succeeded");
    assertThat(job.path("gate").asString()).isEqualTo("passed");

    byte[] child = SERVER.get("/v1/models/" + job.path("result").asString() + "/file").body();
    JsonNode report = SERVER.get("/v1/jobs/" + job.path("id").asString() + "/report").json();
    assertThat(report.path("size").path("quantizedRatio").asDouble())
        .isLessThanOrEqualTo(MAX_QUANTIZED);
    assertThat((double) child.length / parent.length).isLessThanOrEqualTo(maxFile);
    JsonNode accuracy =
        report
            .path("accuracy")
            .valueStream()
            .filter(row -> row.path("metric").asString().equals("top1"))
            .filter(row -> row.path("runtime").asString().equals("onnxruntime"))
            .findFirst()
            .orElseThrow();
    assertThat(accuracy.path("samples").asInt()).isEqualTo(2000);
    assertThat(accuracy.path("parent").asDouble()).isEqualTo(top1, within(0.0011));
    assertThat(accuracy.path("drop").asDouble()).isLessThanOrEqualTo(MAX_DROP);
    runsInOnnxRuntime(parent);
    runsInOnnxRuntime(child);
  }

  private static void runsInOnnxRuntime(byte[] model) throws OrtException {
    OrtEnvironment environment = OnnxRuntimePeer.environment();
    try (OrtSession session = environment.createSession(model)) {
      var input = session.getInputInfo().entrySet().iterator().next();
      long[] shape = ((TensorInfo) input.getValue().getInfo()).getShape();
      int size = 1;
      for (int i = 0; i < shape.length; i++) {
        shape[i] = Math.max(1, shape[i]);
        size *= (int) shape[i];
      }
      try (OnnxTensor zeros =
              OnnxTensor.createTensor(environment, FloatBuffer.allocate(size), shape);
          OrtSession.Result result = session.run(Map.of(input.getKey(), zeros))) {
        assertThat(result.size()).isPositive();
      }
    }
  }

  /** The id of a data set, which is uploaded once. */
  private static String dataset(String name) throws IOException {
    if (!UPLOADED.containsKey(name)) {
      boolean digits = name.equals("mnist");
      Path folder = shared().resolve(name);
      byte[] archive;
      if (digits) {
        Map<String, byte[]> files = new TreeMap<>();
        for (String part : List.of("train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz")) {
          files.put(part, Files.readAllBytes(folder.resolve(part)));
        }
        archive = DataBytes.zip(files);
      } else {
        archive = Files.readAllBytes(folder.resolve("cifar10-train-10k-jpeg.tar"));
      }
      String spec = digits ? "{}" : "{\"image\":{\"scale\":1}}";
      UPLOADED.put(
          name,
          id(
              SERVER.upload(
                  "/v1/datasets?name="
                      + name
                      + "&spec="
                      + URLEncoder.encode(spec, StandardCharsets.UTF_8),
                  archive)));
    }
    return UPLOADED.get(name);
  }

  private static Path shared() {
    String folder = System.getProperty("shared.dir");
    assertThat(folder).as("system property shared.dir").isNotBlank();
    return Path.of(folder, "data");
  }

  private static String id(Answer answer) {
    assertThat(answer.status()).as(answer.text()).isBetween(200, 299);
    return answer.json().path("id").asString();
  }
}
