package io.compresso.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.compresso.data.SampleDigits;
import io.compresso.evaluate.SampleModel;
import io.compresso.onnx.OnnxCodec;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class BenchCommandTest {
  @TempDir Path folder;

  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();

  private int run(String... arguments) {
    return CompressoCommand.commandLine()
        .setOut(new PrintWriter(out, true))
        .setErr(new PrintWriter(err, true))
        .execute(arguments);
  }

  @Test
  void kernels_writesRowsAndASummary() throws Exception {
    Path json = folder.resolve("rows.json");
    String shape = "square m=64 n=64 k=64";
    int code =
        run(
            "bench",
            "kernels",
            "--family",
            "gemm",
            "--dtype",
            "f32,int8",
            "--shapes",
            shape,
            "--millis",
            "2",
            "--json",
            json.toString());
    assertThat(code).as(err::toString).isZero();
    JsonNode rows = JsonMapper.shared().readTree(Files.readString(json));
    assertThat(rows).hasSize(2);
    assertThat(rows.get(0).propertyNames())
        .containsExactlyInAnyOrder(
            "family",
            "dtype",
            "peerDtype",
            "shape",
            "threads",
            "kernel",
            "oursMicros",
            "peerMicros",
            "ratio",
            "ratioLow",
            "ratioHigh",
            "peakFraction",
            "why");
    assertThat(rows.get(0).get("why").asString()).isNotBlank();
    assertThat(out.toString()).contains("mean ratio", "worst", "why", shape);
  }

  @Test
  void network_isWrittenAsOnnx_andOverNothing() throws Exception {
    Path file = folder.resolve("network.onnx");
    String[] command = {"bench", "network", "shufflenet-v2", "-o", file.toString()};
    assertThat(run(command)).as(err::toString).isZero();
    assertThat(OnnxCodec.read(file).graph().nodes()).anyMatch(node -> node.opType().equals("Conv"));
    assertThat(run(command)).isNotZero();
    assertThat(err.toString()).contains("exists");
    assertThat(run("bench", "network", "vgg", "-o", file + "2")).isNotZero();
    assertThat(err.toString()).contains("unknown network 'vgg'", "resnet-50");
  }

  @Test
  void kernels_timesOneThreadAndTwo_besideABusyProcess() throws Exception {
    Path json = folder.resolve("busy.json");
    run(
        "bench",
        "kernels",
        "--busy-core",
        "--family",
        "gemm",
        "--dtype",
        "f32",
        "--shapes",
        "square m=64",
        "--json",
        json.toString());
    JsonNode rows = JsonMapper.shared().readTree(Files.readString(json));
    assertThat(rows).hasSize(1);
    assertThat(rows.get(0).path("twoThreadsMicros").asDouble()).isPositive();
    assertThat(out.toString()).contains("1 shapes, the worst ratio of two threads to one is");
  }

  @Test
  void kernels_namesWhatIsKnown_whenAFamilyIsNot() {
    assertThat(run("bench", "kernels", "--family", "gem")).isEqualTo(2);
    assertThat(err.toString()).contains("--family: unknown 'gem', known are [gemm");
  }

  @Test
  void models_comparesAFileInBothRuntimes() throws Exception {
    Path model = folder.resolve("digits.onnx");
    OnnxCodec.write(SampleModel.train(new SampleDigits(100, 1), 1), model);
    Path json = folder.resolve("rows.json");
    int code =
        run(
            "bench",
            "models",
            model.toString(),
            "--dtype",
            "f32,int8",
            "--batch",
            "1,3",
            "--threads",
            "1,2",
            "--millis",
            "2",
            "--processes",
            "1",
            "--json",
            json.toString());
    assertThat(code).as(out + "\n" + err).isZero();
    List<JsonNode> rows =
        JsonMapper.shared().readTree(Files.readString(json)).valueStream().toList();
    assertThat(rows).hasSize(8);
    assertThat(rows)
        .allSatisfy(row -> {
          assertThat(row.path("model").asString()).isEqualTo("digits");
          assertThat(row.path("peerDtype")).isEqualTo(row.path("dtype"));
          assertThat(row.path("ratio").asDouble()).isPositive();
          assertThat(row.path("oursPeakMb").asDouble()).isPositive();
          assertThat(row.path("peerPeakMb").asDouble()).isPositive();
          assertThat(row.path("oursCreateMillis").asDouble()).isPositive();
          assertThat(row.path("peerCreateMillis").asDouble()).isPositive();
          assertThat(row.path("oursColdCreateMillis").asDouble()).isPositive();
          assertThat(row.path("peerColdCreateMillis").asDouble()).isPositive();
          assertThat(row.path("disagreement").isNull()).isTrue();
        });
  }

  @Test
  void models_namesTheNetworks_whenAModelIsNeitherFileNorOneOfThem() {
    assertThat(run("bench", "models", "resnet-51")).isEqualTo(2);
    assertThat(err.toString()).contains("'resnet-51' is neither a file nor one of [resnet-18");
  }
}
