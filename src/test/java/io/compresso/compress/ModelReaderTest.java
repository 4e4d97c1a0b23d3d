package io.compresso.compress;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.compresso.store.ProblemException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.util.unit.DataSize;

class ModelReaderTest {
  private static final UploadProperties UPLOADS =
      new UploadProperties(DataSize.ofMegabytes(64), DataSize.ofMegabytes(64));

  private final ModelReader reader = new ModelReader(UPLOADS);

  @TempDir Path folder;

  @Test
  void summary_tellsWhatTheModelIs() throws Exception {
    ModelReader.Reading reading = reader.read(file(TestModels.linear(1)));
    assertThat(reading.format()).isEqualTo("onnx");
    ModelSummary summary = reading.summary();
    assertThat(summary.opsets()).containsEntry("ai.onnx", 17);
    assertThat(summary.operators()).containsEntry("MatMul", 1L).containsEntry("Relu", 1L);
    assertThat(summary.parameters()).isEqualTo(12);
    assertThat(summary.weightBytes()).isEqualTo(48);
    assertThat(summary.inputs())
        .containsExactly(new Port("x", "float", java.util.List.of("N", "4")));
  }

  @Test
  void model_isReadOrRefusedWithAReason_whereverItIsCutOff() throws Exception {
    byte[] model = TestModels.linear(1);
    for (int length = 0; length < model.length; length++) {
      readOrRefuse(Arrays.copyOf(model, length), "the first " + length + " bytes");
    }
    assertThatThrownBy(() -> reader.read(file(new byte[0])))
        .isInstanceOf(ProblemException.class)
        .hasMessageContaining("empty");
  }

  @Test
  void model_isReadOrRefusedWithAReason_whateverBitIsFlipped() throws Exception {
    byte[] model = TestModels.linear(1);
    SplittableRandom random = new SplittableRandom(7);
    for (int i = 0; i < 1000; i++) {
      byte[] damaged = model.clone();
      int at = random.nextInt(damaged.length);
      damaged[at] ^= (byte) (1 << random.nextInt(8));
      readOrRefuse(damaged, "byte " + at + " is " + damaged[at]);
    }
  }

  private void readOrRefuse(byte[] bytes, String what) throws IOException {
    try {
      assertThat(reader.read(file(bytes)).format()).isEqualTo("onnx");
    } catch (ProblemException e) {
      assertThat(e.kind()).as(what).isEqualTo(ProblemException.Kind.INVALID);
      assertThat(e.problem().code()).as(what).isIn("malformed-model", "invalid-model");
      assertThat(e.problem().message()).as(what).isNotBlank();
    }
  }

  private Path file(byte[] bytes) throws IOException {
    return Files.write(Files.createTempFile(folder, "model", ""), bytes);
  }
}
