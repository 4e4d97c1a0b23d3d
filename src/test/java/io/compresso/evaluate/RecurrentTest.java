package io.compresso.evaluate;

import static org.assertj.core.api.Assertions.assertThat;

import io.compresso.data.Dataset;
import io.compresso.data.Datasets;
import io.compresso.technique.Report;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Recurrent networks on log-mel frames of sounds that the test makes, in float and in int8. */
class RecurrentTest {
  private static final int RATE = 8000;
  private static final int SAMPLES = 4800;
  private static final int EACH = 12;

  @TempDir private Path work;

  @ParameterizedTest
  @CsvSource({"LSTM, true", "LSTM, false", "GRU, true", "GRU, false", "RNN, true", "RNN, false"})
  void int8_keepsThirtyDecibels(String operator, boolean perChannel) throws Exception {
    Path archive = work.resolve("sounds.zip");
    write(archive);
    try (Dataset all = Datasets.open(archive, RecurrentSharedTest.spec())) {
      requireKept(RecurrentDigits.quantize(operator, perChannel, all, work), perChannel);
    }
  }

  /**
   * The layer's states at 30 dB or more in both runtimes, scores of differences between them
   * somewhat less, and weights of a quarter, their scales aside.
   */
  static void requireKept(Report report, boolean perChannel) {
    assertThat(report.agreement())
        .extracting(row -> row.runtime() + " " + row.output())
        .containsExactlyInAnyOrder(
            "onnxruntime scores", "onnxruntime states", "compresso scores", "compresso states");
    assertThat(report.agreement())
        .allSatisfy(row ->
            assertThat(row.sqnrDb())
                .as(row.toString())
                .isGreaterThanOrEqualTo(row.output().equals("states") ? 30 : 24));
    assertThat(report.layers())
        .filteredOn(layer -> !layer.opType().equals("Gemm"))
        .hasSize(1)
        .allSatisfy(layer -> assertThat(layer.precision()).startsWith("int8"));
    Report.Size size = report.size();
    assertThat((double) size.quantizedFp32() / size.quantized())
        .isGreaterThan(perChannel ? 3.7 : 3.99);
  }

  /** Ten classes of two gliding tones each, at changing pitches, in noise. */
  private static void write(Path archive) throws IOException {
    try (OutputStream file = Files.newOutputStream(archive);
        ZipOutputStream zip = new ZipOutputStream(file)) {
      for (int i = 0; i < 10 * EACH; i++) {
        zip.putNextEntry(new ZipEntry("%d_%03d.wav".formatted(i % 10, i)));
        zip.write(sound(i % 10, i));
        zip.closeEntry();
      }
    }
  }

  private static byte[] sound(int kind, long seed) {
    Random random = new Random(seed);
    double pitch = 1 + 0.1 * random.nextGaussian();
    ByteBuffer wav = ByteBuffer.allocate(44 + 2 * SAMPLES).order(ByteOrder.LITTLE_ENDIAN);
    wav.put("RIFF".getBytes(StandardCharsets.US_ASCII)).putInt(36 + 2 * SAMPLES);
    wav.put("WAVEfmt ".getBytes(StandardCharsets.US_ASCII)).putInt(16).putShort((short) 1);
    wav.putShort((short) 1).putInt(RATE).putInt(2 * RATE).putShort((short) 2).putShort((short) 16);
    wav.put("data".getBytes(StandardCharsets.US_ASCII)).putInt(2 * SAMPLES);
    double low = 0;
    double high = 0;
    for (int t = 0; t < SAMPLES; t++) {
      double share = (double) t / SAMPLES;
      low += 2 * Math.PI / RATE * pitch * (200 + 80 * kind * share);
      high += 2 * Math.PI / RATE * pitch * (1200 + 150 * kind * (1 - share));
      double envelope = Math.sin(Math.PI * share);
      double value =
          envelope * (0.4 * Math.sin(low) + 0.2 * Math.sin(high)) + 0.01 * random.nextGaussian();
      wav.putShort((short) (Math.max(-1, Math.min(1, value)) * Short.MAX_VALUE));
    }
    return wav.array();
  }
}
