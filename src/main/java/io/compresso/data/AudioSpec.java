package io.compresso.data;

import static java.util.Objects.requireNonNullElse;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * How a recording becomes a tensor of floats: its channels averaged, resampled, cut or padded with
 * silence to a length, turned into features, each of which becomes {@code (v - mean[i]) / std[i]}.
 *
 * @param sampleRate samples per second; null keeps the first file's, which all must have then
 * @param seconds the length; null keeps the first file's
 * @param windowMillis the length of a frame of a spectrum
 * @param hopMillis from one frame's begin to the next one's
 * @param mels bands of the mel scale
 * @param coefficients of the cepstrum that are kept, {@code MFCC} only
 * @param lowHz where the lowest band begins
 * @param highHz where the highest band ends; null for half of the sample rate
 * @param floor the least energy of a band before its natural logarithm is taken
 * @param mean empty, one for all features, or one for each
 * @param std empty, one for all features, or one for each
 */
public record AudioSpec(
    Features features,
    @Nullable Integer sampleRate,
    @Nullable Double seconds,
    double windowMillis,
    double hopMillis,
    int mels,
    int coefficients,
    double lowHz,
    @Nullable Double highHz,
    double floor,
    Layout layout,
    List<Double> mean,
    List<Double> std) {
  /** What a recording is turned into. */
  public enum Features {
    /** The samples, in -1..1: {@code [samples]}. */
    WAVEFORM,
    /** Logarithms of the energies of mel bands. */
    LOG_MEL,
    /** Mel-frequency cepstral coefficients: the orthonormal DCT-II of {@code LOG_MEL}. */
    MFCC
  }

  /** The order of a spectrum's dimensions. */
  public enum Layout {
    /** {@code [frames, features]}. */
    TIME_FIRST,
    /** {@code [features, frames]}. */
    FEATURES_FIRST
  }

  /** The samples as they are. */
  public static final AudioSpec DEFAULT =
      new AudioSpec(
          Features.WAVEFORM,
          null,
          null,
          25,
          10,
          40,
          13,
          20,
          null,
          1e-10,
          Layout.TIME_FIRST,
          List.of(),
          List.of());

  private static final int MOST_BANDS = 512;
  private static final int MOST_SAMPLE_RATE = 384_000;

  public AudioSpec {
    mean = List.copyOf(mean);
    std = List.copyOf(std);
    require(
        sampleRate == null || sampleRate <= MOST_SAMPLE_RATE,
        "sampleRate",
        "must be at most " + MOST_SAMPLE_RATE);
    require(seconds == null || seconds > 0, "seconds", "must be above 0");
    require(hopMillis > 0, "hopMillis", "must be above 0");
    require(windowMillis > 0, "windowMillis", "must be above 0");
    require(mels >= 1 && mels <= MOST_BANDS, "mels", "must be in 1.." + MOST_BANDS);
    require(
        coefficients >= 1 && coefficients <= mels,
        "coefficients",
        "must be in 1..mels, which is " + mels);
    require(lowHz >= 0, "lowHz", "must not be negative");
    require(highHz == null || highHz > lowHz, "highHz", "must be above lowHz, which is " + lowHz);
    require(floor > 0, "floor", "must be above 0");
    require(!std.contains(0.0), "std", "must not be 0");
    ImageSpec.requireCount("audio.mean", mean.size(), featureCount(features, mels, coefficients));
    ImageSpec.requireCount("audio.std", std.size(), featureCount(features, mels, coefficients));
  }

  private static void require(boolean condition, String key, String message) {
    if (!condition) {
      throw SpecReader.invalid("audio." + key, message);
    }
  }

  /** Features of one frame; 1 for samples. */
  public int featureCount() {
    return featureCount(features, mels, coefficients);
  }

  private static int featureCount(Features features, int mels, int coefficients) {
    return switch (features) {
      case WAVEFORM -> 1;
      case LOG_MEL -> mels;
      case MFCC -> coefficients;
    };
  }

  static AudioSpec of(SpecReader spec) {
    int mels = whole(spec, "mels", DEFAULT.mels);
    AudioSpec audio =
        new AudioSpec(
            requireNonNullElse(spec.choice("features", Features.class), DEFAULT.features),
            spec.has("sampleRate") ? whole(spec, "sampleRate", 0) : null,
            spec.number("seconds"),
            requireNonNullElse(spec.number("windowMillis"), DEFAULT.windowMillis),
            requireNonNullElse(spec.number("hopMillis"), DEFAULT.hopMillis),
            mels,
            whole(spec, "coefficients", Math.min(mels, DEFAULT.coefficients)),
            requireNonNullElse(spec.number("lowHz"), DEFAULT.lowHz),
            spec.number("highHz"),
            requireNonNullElse(spec.number("floor"), DEFAULT.floor),
            requireNonNullElse(spec.choice("layout", Layout.class), DEFAULT.layout),
            spec.numbers("mean"),
            spec.numbers("std"));
    spec.end();
    return audio;
  }

  private static int whole(SpecReader spec, String key, int absent) {
    Long value = spec.whole(key, 1);
    return value == null ? absent : (int) Math.min(value, Integer.MAX_VALUE);
  }
}
