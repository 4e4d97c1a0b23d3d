package io.compresso.technique.quantize;

import static org.assertj.core.api.Assertions.assertThat;

import io.compresso.engine.Session;
import io.compresso.engine.SessionOptions;
import io.compresso.evaluate.ModelInputs;
import io.compresso.evaluate.models.Networks;
import io.compresso.graph.Model;
import io.compresso.kernel.CpuFeatures;
import io.compresso.kernel.Isa;
import io.compresso.onnx.OnnxCodec;
import io.compresso.tensor.Tensor;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Whole quantized networks give the same on every rung that this CPU has. */
class LadderTest {
  /** Networks that are integers from the first layer to the last. */
  private static final List<Networks> INTEGERS = List.of(Networks.MOBILENET_V2, Networks.GOOGLENET);

  /** Networks with operators between the integers that compute in float. */
  private static final List<Networks> MIXED =
      List.of(Networks.BERT_BASE, Networks.LSTM, Networks.GRU);

  @TempDir private Path work;

  /** Runs the models of a folder and prints each one's outputs. */
  static final class Runs {
    private Runs() {}

    public static void main(String[] arguments) throws IOException {
      for (Networks network : Networks.values()) {
        Path file = Path.of(arguments[0]).resolve(network + ".onnx");
        if (Files.exists(file)) {
          Model model = OnnxCodec.read(file);
          Map<String, Tensor> inputs = ModelInputs.random(model.graph(), 1, 7);
          StringBuilder line = new StringBuilder(network.toString());
          try (Session session = Session.create(model, SessionOptions.DEFAULT)) {
            Tensor output = (Tensor) session.run(inputs).values().iterator().next();
            for (float value : output.toFloats()) {
              line.append(' ').append(Float.floatToRawIntBits(value));
            }
          }
          System.out.println(line);
        }
      }
    }
  }

  @Test
  void quantizedNetworks_giveTheSameOnEveryRung() throws Exception {
    for (Networks network : INTEGERS) {
      write(network, "static");
    }
    for (Networks network : MIXED) {
      write(network, network == Networks.BERT_BASE ? "static" : "dynamic");
    }
    Map<String, float[]> expected = run(Isa.REF);
    assertThat(expected).hasSize(INTEGERS.size() + MIXED.size());
    for (Isa rung : CpuFeatures.host().rungs()) {
      Map<String, float[]> actual = run(rung);
      for (Networks network : INTEGERS) {
        assertThat(actual.get(network.toString()))
            .as(network + " on " + rung)
            .isEqualTo(expected.get(network.toString()));
      }
      for (Networks network : MIXED) {
        requireWithinAStep(
            network + " on " + rung,
            expected.get(network.toString()),
            actual.get(network.toString()));
      }
    }
  }

  private void write(Networks network, String mode) throws IOException {
    Model model = network.small();
    Model quantized =
        Fixtures.quantize(
                model,
                Map.of("mode", mode),
                Fixtures.within(
                    0.01, Fixtures.source(4, i -> ModelInputs.random(model.graph(), 1, i)), work))
            .model();
    OnnxCodec.write(quantized, work.resolve(network + ".onnx"));
  }

  private Map<String, float[]> run(Isa rung) throws IOException, InterruptedException {
    ProcessBuilder builder =
        new ProcessBuilder(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "--add-modules=jdk.incubator.vector",
            "--enable-native-access=ALL-UNNAMED",
            "-D" + CpuFeatures.CAP_PROPERTY + "=" + rung,
            Runs.class.getName(),
            work.toString());
    builder.environment().put("CLASSPATH", System.getProperty("java.class.path"));
    Process process = builder.redirectError(ProcessBuilder.Redirect.DISCARD).start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.US_ASCII);
    assertThat(process.waitFor()).as(rung.toString()).isZero();
    Map<String, float[]> results = new LinkedHashMap<>();
    for (String line : output.lines().toList()) {
      String[] parts = line.split(" ");
      float[] values = new float[parts.length - 1];
      for (int i = 0; i < values.length; i++) {
        values[i] = Float.intBitsToFloat(Integer.parseInt(parts[i + 1]));
      }
      results.put(parts[0], values);
    }
    return results;
  }

  /** On 99.9 % of the elements, with the step of 8 bits over the range of the output. */
  private static void requireWithinAStep(String name, float[] expected, float[] actual) {
    assertThat(actual).as(name).hasSameSizeAs(expected);
    float low = 0;
    float high = 0;
    for (float value : expected) {
      low = Math.min(low, value);
      high = Math.max(high, value);
    }
    float step = (high - low) / 255;
    int apart = 0;
    for (int i = 0; i < expected.length; i++) {
      apart += Math.abs(expected[i] - actual[i]) <= step ? 0 : 1;
    }
    assertThat(apart).as(name).isLessThanOrEqualTo(expected.length / 1000);
  }
}
