package io.compresso;

import static org.assertj.core.api.Assertions.assertThat;

import io.compresso.evaluate.models.Networks;
import io.compresso.onnx.OnnxCodec;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CompressoTest {
  @TempDir private Path folder;

  @Test
  void numbers_areWrittenWithoutALanguage_whereTheMachineHasOne() throws Exception {
    Path model = folder.resolve("model.onnx");
    OnnxCodec.write(Networks.RESNET_18.small(), model);

    String german = advise(model, List.of("-Duser.language=de", "-Duser.country=DE"));

    assertThat(german).containsPattern("[0-9],[0-9]{3} multiply-accumulates");
  }

  private static String advise(Path model, List<String> options) throws Exception {
    ProcessBuilder builder =
        new ProcessBuilder(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    builder.command().addAll(options);
    builder.command().add("--enable-native-access=ALL-UNNAMED");
    builder.command().addAll(List.of(Compresso.class.getName(), "advise", model.toString()));
    builder.environment().put("CLASSPATH", System.getProperty("java.class.path"));
    Process process = builder.redirectError(ProcessBuilder.Redirect.INHERIT).start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).isZero();
    return output;
  }
}
