package io.compresso.data;

import static io.compresso.data.TestArchives.entries;
import static io.compresso.data.TestArchives.file;
import static io.compresso.data.TestArchives.tar;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.compresso.tensor.Tensor;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class AudioDatasetTest {
  private static final int PCM = 1;
  private static final int FLOATS = 3;

  @TempDir Path folder;

  private Dataset open(Map<String, ?> spec, byte[] archive) {
    return Datasets.open(
        List.of(file(folder, "d", archive)), DatasetSpec.of(spec), DataLimits.DEFAULT, folder);
  }

  private Tensor tensor(Map<String, ?> audio, byte[] recording) {
    try (Dataset dataset = open(Map.of("audio", audio), tar(entries("a.wav", recording)))) {
      return dataset.get(0).fields().get("audio");
    }
  }

  @Test
  void class_isAPartOfTheName() {
    byte[] wav = wav(PCM, 16, 1, 8000, 0.5);
    byte[] archive =
        tar(entries("7_george_0.wav", wav, "3_jackson_1.wav", wav, "3_george_10.wav", wav));
    try (Dataset dataset = open(Map.of("label", Map.of("namePart", 0)), archive)) {
      assertThat(dataset.size()).isEqualTo(3);
      assertThat(dataset.classHistogram()).isEqualTo(Map.of("3", 2L, "7", 1L));
      assertThat(dataset.describe(0)).isEqualTo("entry '3_george_10.wav'");
    }
    assertThatThrownBy(() -> open(Map.of("label", Map.of("namePart", 3)), archive))
        .hasMessage(
            "entry '3_george_10.wav': the name has no part 3, which label.namePart says is the"
                + " class");
  }

  @Test
  void folders_areClasses() {
    byte[] wav = wav(PCM, 16, 1, 8000, 0.5);
    try (Dataset dataset = open(Map.of(), tar(entries("yes/a.wav", wav, "no/b.wav", wav)))) {
      assertThat(dataset.classHistogram()).isEqualTo(Map.of("no", 1L, "yes", 1L));
    }
  }

  @ParameterizedTest
  @CsvSource({"1,8", "1,16", "1,24", "1,32", "3,32", "3,64"})
  void samples_areReadInEveryEncoding(int encoding, int bits) {
    byte[] recording = wav(encoding, bits, 2, 16_000, 0.5, 0, -1, -0.5, 0.25, 0.25);
    float[] samples = tensor(Map.of(), recording).toFloats();
    assertThat(samples).containsExactly(new float[] {0.25f, -0.75f, 0.25f}, within(0.01f));
  }

  @Test
  void recordings_areCutAndPaddedToTheLength() {
    byte[] archive =
        tar(entries("a.wav", wav(PCM, 16, 1, 1000, 0.5, 0.5), "b.wav", wav(PCM, 16, 1, 1000, 0.5)));
    try (Dataset dataset = open(Map.of("label", "none"), archive)) {
      assertThat(dataset.schema().describe()).isEqualTo("audio float[2]");
      assertThat(dataset.get(1).fields().get("audio").toFloats()).containsExactly(0.5f, 0);
    }
    try (Dataset dataset = open(Map.of("audio", Map.of("seconds", 0.001)), archive)) {
      assertThat(dataset.get(0).fields().get("audio").toFloats()).containsExactly(0.5f);
    }
  }

  /** The middle of the resampled tone is the tone; its ends lack the neighbours. */
  @ParameterizedTest
  @CsvSource({"8000,16000", "16000,8000", "44100,16000"})
  void resampledTone_isTheTone(int from, int to) {
    byte[] recording = wav(PCM, 16, 1, from, tone(440, from, 0.1));
    float[] samples = tensor(Map.of("sampleRate", to), recording).toFloats();
    double[] expected = tone(440, to, 0.1);
    assertThat(samples).hasSize(expected.length);
    for (int i = expected.length / 4; i < expected.length * 3 / 4; i++) {
      assertThat(samples[i]).isCloseTo((float) expected[i], within(2e-3f));
    }
  }

  /** The bands' centres of 10 bands from 0 to 4000 Hz are 195 mel apart; the fifth is 976 mel. */
  @Test
  void logMel_isGreatestInTheBandOfATone() {
    double hertz = 700 * (Math.pow(10, 5 * 2595 * Math.log10(1 + 4000 / 700.0) / 11 / 2595) - 1);
    byte[] recording = wav(PCM, 16, 1, 8000, tone(hertz, 8000, 0.2));
    Map<String, Object> spec =
        Map.of("features", "log-mel", "mels", 10, "lowHz", 0, "windowMillis", 32, "hopMillis", 16);
    Tensor features = tensor(spec, recording);
    assertThat(features.shape().dims()).containsExactly(11, 10);
    for (int frame = 0; frame < 11; frame++) {
      float[] bands = Arrays.copyOfRange(features.toFloats(), frame * 10, frame * 10 + 10);
      for (int band = 0; band < 10; band++) {
        assertThat(bands[band]).isLessThanOrEqualTo(bands[4]);
      }
      assertThat(bands[4] - bands[9]).isGreaterThan(5);
    }
  }

  @Test
  void mfcc_isAnOrthonormalTransformOfLogMel() {
    byte[] recording = wav(PCM, 16, 1, 8000, tone(1000, 8000, 0.1));
    float[] bands =
        tensor(Map.of("features", "log-mel", "mels", 20, "lowHz", 0), recording).toFloats();
    Tensor cepstrum =
        tensor(Map.of("features", "mfcc", "mels", 20, "coefficients", 20, "lowHz", 0), recording);
    assertThat(norm(cepstrum.toFloats())).isCloseTo(norm(bands), within(1e-2));
    float first = 0;
    for (int i = 0; i < 20; i++) {
      first += bands[i] / (float) Math.sqrt(20);
    }
    assertThat(cepstrum.getFloat(0)).isCloseTo(first, within(1e-3f));
  }

  @Test
  void features_areScaledAndLaidOutAsDeclared() {
    byte[] recording = wav(PCM, 16, 1, 8000, tone(1000, 8000, 0.1));
    Map<String, Object> spec = Map.of("features", "log-mel", "mels", 4);
    Tensor plain = tensor(spec, recording);
    Tensor scaled =
        tensor(
            Map.of(
                "features",
                "log-mel",
                "mels",
                4,
                "layout",
                "features-first",
                "mean",
                List.of(1, 2, 3, 4),
                "std",
                2),
            recording);
    int frames = (int) plain.shape().dim(0);
    assertThat(scaled.shape().dims()).containsExactly(4, frames);
    assertThat(scaled.getFloat(2L * frames + 1))
        .isCloseTo((plain.getFloat(4 + 2) - 3) / 2, within(1e-4f));
  }

  @Test
  void fieldShape_isTakenOver() {
    byte[] archive = tar(entries("a.wav", wav(PCM, 16, 1, 8000, tone(1000, 8000, 0.1))));
    Map<String, Object> spec =
        Map.of(
            "audio",
            Map.of("features", "mfcc", "coefficients", 10),
            "fields",
            List.of(Map.of("name", "input_1", "shape", List.of(1, 8, 10))));
    try (Dataset dataset = open(spec, archive)) {
      assertThat(dataset.schema().describe()).isEqualTo("input_1 float[1, 8, 10]");
      assertThat(dataset.get(0).fields().get("input_1").shape().dims()).containsExactly(1, 8, 10);
    }
  }

  @Test
  void anotherRate_isRefusedUnlessOneIsDeclared() {
    byte[] archive =
        tar(entries("a.wav", wav(PCM, 16, 1, 8000, 0.5), "b.wav", wav(PCM, 16, 1, 16_000, 0.5)));
    List<DataFile> files = List.of(file(folder, "d", archive));
    assertThatThrownBy(() -> Datasets.inspect(files, DatasetSpec.AUTO, DataLimits.DEFAULT, folder))
        .hasMessage(
            "entry 'b.wav': it has 16000 samples a second, the first has 8000; declare"
                + " audio.sampleRate");
  }

  @Test
  void damagedRecording_isNamedWithItsByte() {
    byte[] whole = wav(PCM, 16, 1, 8000, 0.5, 0.5);
    assertThatThrownBy(() -> tensor(Map.of(), Arrays.copyOf(whole, whole.length - 2)))
        .hasMessage("entry 'a.wav': the data chunk at byte 36 states 4 bytes, 2 are there");
    assertThatThrownBy(() -> tensor(Map.of(), Arrays.copyOf(whole, 30)))
        .hasMessage("entry 'a.wav': the chunk at byte 12 ends after the file");
    assertThatThrownBy(() -> tensor(Map.of(), new byte[40]))
        .hasMessage("entry 'a.wav': the file does not begin with a RIFF/WAVE header");
    byte[] compressed = wav(85, 16, 1, 8000, 0.5);
    assertThatThrownBy(() -> tensor(Map.of(), compressed))
        .hasMessageContaining("samples of encoding 85 with 16 bits are not read");
  }

  @Test
  void spectrumThatCannotBe_isRefused() {
    byte[] recording = wav(PCM, 16, 1, 8000, tone(1000, 8000, 0.02));
    assertThatThrownBy(() -> tensor(Map.of("features", "log-mel", "highHz", 5000), recording))
        .hasMessage("audio.highHz: 5000.0 Hz is above half of the sample rate, 4000.0 Hz");
    assertThatThrownBy(() -> tensor(Map.of("features", "log-mel", "mels", 500), recording))
        .hasMessageStartingWith("audio.mels: band 0 of 500");
    assertThatThrownBy(() -> tensor(Map.of("features", "mfcc"), recording))
        .hasMessageStartingWith("audio.windowMillis: a window of 25.0 ms is longer");
    assertThatThrownBy(() -> DatasetSpec.of(Map.of("audio", Map.of("mels", 0))))
        .hasMessageStartingWith("audio.mels");
  }

  private static double norm(float[] values) {
    double sum = 0;
    for (float value : values) {
      sum += value * value;
    }
    return Math.sqrt(sum);
  }

  private static double[] tone(double hertz, int rate, double seconds) {
    double[] samples = new double[(int) Math.round(seconds * rate)];
    for (int i = 0; i < samples.length; i++) {
      samples[i] = 0.5 * Math.sin(2 * Math.PI * hertz * i / rate);
    }
    return samples;
  }

  private static byte[] wav(int encoding, int bits, int channels, int rate, double... samples) {
    int length = samples.length * bits / 8;
    ByteBuffer file = ByteBuffer.allocate(44 + length).order(ByteOrder.LITTLE_ENDIAN);
    file.put("RIFF".getBytes()).putInt(36 + length).put("WAVEfmt ".getBytes()).putInt(16);
    file.putShort((short) encoding).putShort((short) channels).putInt(rate);
    file.putInt(rate * channels * bits / 8).putShort((short) (channels * bits / 8));
    file.putShort((short) bits).put("data".getBytes()).putInt(length);
    for (double sample : samples) {
      if (encoding == FLOATS) {
        if (bits == 32) {
          file.putFloat((float) sample);
        } else {
          file.putDouble(sample);
        }
        continue;
      }
      long whole = Math.round(sample * ((1L << (bits - 1)) - 1)) + (bits == 8 ? 128 : 0);
      for (int shift = 0; shift < bits; shift += 8) {
        file.put((byte) (whole >> shift));
      }
    }
    return file.array();
  }
}
