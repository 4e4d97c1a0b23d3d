package io.compresso.compress;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.compresso.data.LabelKind;
import io.compresso.store.ProblemException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.springframework.util.unit.DataSize;

class DatasetReaderTest {
  private static final String CSV = "a,b,label\n1,2,x\n3,4,y\n5,6,x\n";

  private final DatasetReader reader =
      new DatasetReader(new UploadProperties(DataSize.ofMegabytes(64), DataSize.ofMegabytes(64)));

  @TempDir Path folder;

  @Test
  void summary_holdsTheSchemaThatJobsAreCheckedAgainst() throws Exception {
    DatasetReader.Summary summary =
        read("{\"label\": \"label\"}", CSV.getBytes(StandardCharsets.UTF_8));
    assertThat(summary.examples()).isEqualTo(3);
    assertThat(summary.classes()).containsEntry("x", 2L).containsEntry("y", 1L);
    DatasetReader.Summary stored = Json.read(Json.write(summary), DatasetReader.Summary.class);
    assertThat(stored).isEqualTo(summary);
    assertThat(stored.schema().label().kind()).isEqualTo(LabelKind.CLASS);
    assertThat(stored.schema().fields()).hasSameSizeAs(summary.fields());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{\"formt\": \"csv\"} | /spec/formt",
        "{\"format\": \"parquet\"} | /spec/format",
        "{\"image\": {\"width\": -3}} | /spec/image/width",
      })
  void spec_isRefused_withTheFieldToBlame(String spec, String field) {
    assertThatThrownBy(() -> reader.plan(Json.tree(spec)))
        .isInstanceOfSatisfying(
            ProblemException.class,
            e -> {
              assertThat(e.kind()).isEqualTo(ProblemException.Kind.INVALID);
              assertThat(e.problem().field()).isEqualTo(field);
            });
  }

  @Test
  void archive_isRefused_whenItsPathsEscapeOrItIsCutOff() throws Exception {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (ZipOutputStream zip = new ZipOutputStream(bytes)) {
      zip.putNextEntry(new ZipEntry("../../etc/data.csv"));
      zip.write(CSV.getBytes(StandardCharsets.UTF_8));
    }
    assertThatThrownBy(() -> read("{}", bytes.toByteArray()))
        .isInstanceOfSatisfying(
            ProblemException.class,
            e -> assertThat(e.problem().message()).contains("../../etc/data.csv"));
    byte[] cut = java.util.Arrays.copyOf(bytes.toByteArray(), 60);
    assertThatThrownBy(() -> read("{}", cut)).isInstanceOf(ProblemException.class);
    assertThat(folder.resolve("../../etc/data.csv")).doesNotExist();
  }

  private DatasetReader.Summary read(String spec, byte[] bytes) throws IOException {
    Path own = Files.createTempDirectory(folder, "upload");
    return reader.read(
        reader.plan(Json.tree(spec)), "data", Files.write(own.resolve("content"), bytes));
  }
}
