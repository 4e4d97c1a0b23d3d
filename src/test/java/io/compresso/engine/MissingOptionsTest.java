package io.compresso.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.compresso.evaluate.ModelInputs;
import io.compresso.evaluate.models.Networks;
import io.compresso.graph.Model;
import io.compresso.kernel.CpuFeatures;
import io.compresso.kernel.Isa;
import io.compresso.tensor.Tensor;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The engine in a JVM that was started without the options that it wants. */
class MissingOptionsTest {
  private static final List<Networks> NETWORKS =
      List.of(Networks.MOBILENET_V2, Networks.BERT_BASE, Networks.LSTM);

  private static final String NATIVE = "--enable-native-access=ALL-UNNAMED";

  /** Prints each network's first output. */
  static final class Runs {
    private Runs() {}

    public static void main(String[] arguments) {
      if (ModuleLayer.boot().findModule("jdk.incubator.vector").isPresent()) {
        throw new IllegalStateException("the module is there");
      }
      NETWORKS.forEach(network -> System.out.println(text(outputs(network))));
    }
  }

  private static float[] outputs(Networks network) {
    Model model = network.small();
    try (Session session = Session.create(model, SessionOptions.DEFAULT)) {
      Tensor output =
          (Tensor) session.run(ModelInputs.random(model.graph(), 1, 7)).values().iterator().next();
      return output.toFloats();
    }
  }

  private static String text(float[] values) {
    StringBuilder line = new StringBuilder();
    for (float value : values) {
      line.append(value).append(' ');
    }
    return line.toString();
  }

  @Test
  void networks_giveTheSame_withoutACap() throws Exception {
    requireSame(run(List.of(NATIVE)));
  }

  @Test
  void networks_giveTheSame_whereNativeCodeIsDenied() throws Exception {
    List<String> lines = run(List.of("--illegal-native-access=deny"));
    requireSame(lines);
    assertThat(String.join("\n", lines))
        .contains("kernels are not machine code")
        .contains("Illegal native access");
  }

  @ParameterizedTest
  @EnumSource(names = {"VECTOR", "REF"})
  void networks_giveTheSame_onRungsWithoutMachineCode(Isa rung) throws Exception {
    requireSame(run(List.of(NATIVE, "-D" + CpuFeatures.CAP_PROPERTY + "=" + rung)));
  }

  /** Holds what was printed, less what was logged, to what this process computes. */
  private static void requireSame(List<String> printed) {
    List<String> lines = printed.stream().filter(line -> line.matches("-?[0-9].*")).toList();
    assertThat(lines).hasSameSizeAs(NETWORKS);
    for (int i = 0; i < lines.size(); i++) {
      float[] expected = outputs(NETWORKS.get(i));
      String[] actual = lines.get(i).split(" ");
      assertThat(actual).as(NETWORKS.get(i).toString()).hasSameSizeAs(expected);
      float largest = 0;
      for (float value : expected) {
        largest = Math.max(largest, Math.abs(value));
      }
      for (int j = 0; j < expected.length; j++) {
        assertThat(Float.parseFloat(actual[j]))
            .as(NETWORKS.get(i) + " at " + j)
            .isCloseTo(expected[j], within(1e-4f * largest));
      }
    }
  }

  private static List<String> run(List<String> options) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(options);
    command.add(Runs.class.getName());
    ProcessBuilder builder = new ProcessBuilder(command);
    builder.environment().put("CLASSPATH", System.getProperty("java.class.path"));
    Process process = builder.redirectErrorStream(true).start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(output).isZero();
    return output.lines().toList();
  }
}
