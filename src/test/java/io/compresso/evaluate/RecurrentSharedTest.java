package io.compresso.evaluate;

import static org.assertj.core.api.Assertions.assertThat;

import io.compresso.data.Dataset;
import io.compresso.data.DatasetSpec;
import io.compresso.data.Datasets;
import io.compresso.technique.Report;
import io.compresso.testing.SharedData;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Recurrent networks on log-mel frames of spoken digits, in float and in int8. */
@Tag("shared-data")
class RecurrentSharedTest {
  @TempDir private Path work;

  /** What is read of an archive of recordings whose names begin with the class. */
  static DatasetSpec spec() {
    return DatasetSpec.of(
        Map.of(
            "label",
            Map.of("namePart", 0),
            "audio",
            Map.of(
                "features",
                "log-mel",
                "seconds",
                0.6,
                "mels",
                40,
                "floor",
                1e-6,
                "mean",
                List.of(-5.0),
                "std",
                List.of(4.0))));
  }

  @ParameterizedTest
  @CsvSource({"LSTM, true", "LSTM, false", "GRU, true", "GRU, false", "RNN, true", "RNN, false"})
  void int8_keepsThirtyDecibelsAndTheAccuracy(String operator, boolean perChannel)
      throws Exception {
    Path archive = SharedData.folder().resolve("data/fsdd/fsdd-george-jackson.tar.gz");
    try (Dataset all = Datasets.open(archive, spec())) {
      Report report = RecurrentDigits.quantize(operator, perChannel, all, work);
      RecurrentTest.requireKept(report, perChannel);
      assertThat(report.accuracy())
          .filteredOn(row -> row.metric().equals("top1"))
          .isNotEmpty()
          .allSatisfy(row -> {
            assertThat(row.parent()).isGreaterThan(0.8);
            assertThat(row.drop()).isLessThanOrEqualTo(0.01);
          });
    }
  }
}
