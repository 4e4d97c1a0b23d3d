package io.compresso.compress;

import static org.assertj.core.api.Assertions.assertThat;

import io.compresso.onnx.OnnxCodec;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Sound models pass the checks of an upload. */
@Tag("shared-data")
class UploadedModelsTest {
  static List<Path> models() throws IOException {
    String shared = System.getProperty("shared.dir");
    assertThat(shared).as("system property shared.dir").isNotBlank();
    try (Stream<Path> files = Files.list(Path.of(shared, "data", "models"))) {
      return files.filter(file -> file.toString().endsWith(".onnx")).sorted().toList();
    }
  }

  @ParameterizedTest
  @MethodSource("models")
  void model_passesTheChecksOfAnUpload(Path file) throws IOException {
    ModelChecks.check(OnnxCodec.read(file));
  }
}
