package io.compresso.data.audio;

import io.compresso.data.AudioSpec;
import io.compresso.data.AudioSpec.Features;
import io.compresso.data.AudioSpec.Layout;
import io.compresso.data.DataException;
import io.compresso.data.DataException.Code;
import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Turns recordings into tensors of one shape, as an {@link AudioSpec} says. */
public final class AudioTransform {
  private final AudioSpec spec;
  private final int rate;
  private final int length;
  private final @Nullable MelSpectrogram spectrogram;
  private final Shape shape;

  /**
   * @param first the recording whose rate and length hold where the declaration gives none
   * @throws DataException if the declaration does not fit the rate or the length
   */
  public AudioTransform(AudioSpec spec, WavFile first) {
    this.spec = spec;
    Integer declared = spec.sampleRate();
    this.rate = declared == null ? first.rate() : declared;
    double samples =
        spec.seconds() == null
            ? Math.ceil((double) first.samples().length * rate / first.rate())
            : Math.rint(spec.seconds() * rate);
    if (samples < 1 || samples > Integer.MAX_VALUE / 2) {
      throw new DataException(
          Code.INVALID_SPEC, "audio.seconds", "gives %.0f samples".formatted(samples));
    }
    this.length = (int) samples;
    if (spec.features() == Features.WAVEFORM) {
      spectrogram = null;
      shape = Shape.of(length);
      return;
    }
    spectrogram = new MelSpectrogram(spec, rate);
    int frames = spectrogram.frames(length);
    if (frames == 0) {
      throw new DataException(
          Code.INVALID_SPEC,
          "audio.windowMillis",
          "a window of %s ms is longer than the recordings of %d samples at %d Hz"
              .formatted(spec.windowMillis(), length, rate));
    }
    int features = spec.featureCount();
    shape =
        spec.layout() == Layout.TIME_FIRST
            ? Shape.of(frames, features)
            : Shape.of(features, frames);
  }

  /** The shape of every result, of floats. */
  public Shape shape() {
    return shape;
  }

  /**
   * The features of one recording.
   *
   * @param where names it in messages
   * @throws DataException if its rate is another and none is declared
   */
  public Tensor apply(WavFile recording, String where) {
    requireRate(recording.rate(), where);
    float[] samples =
        Arrays.copyOf(AudioResampler.resample(recording.samples(), recording.rate(), rate), length);
    Tensor result = Tensor.allocateBriefly(DType.FLOAT, shape);
    if (spectrogram == null) {
      for (int i = 0; i < length; i++) {
        result.setFloat(i, scaled(samples[i], 0));
      }
      return result;
    }
    double[][] frames = spectrogram.logMel(samples);
    int features = spec.featureCount();
    boolean timeFirst = spec.layout() == Layout.TIME_FIRST;
    for (int t = 0; t < frames.length; t++) {
      double[] values =
          spec.features() == Features.MFCC ? MelSpectrogram.dct(frames[t], features) : frames[t];
      for (int f = 0; f < features; f++) {
        int index = timeFirst ? t * features + f : f * frames.length + t;
        result.setFloat(index, scaled(values[f], f));
      }
    }
    return result;
  }

  /**
   * Refuses a recording of another rate unless it can be resampled.
   *
   * @param where names it in messages
   */
  public void requireRate(int recorded, String where) {
    if (spec.sampleRate() == null && recorded != rate) {
      throw new DataException(
          Code.MALFORMED,
          where,
          "it has %d samples a second, the first has %d; declare audio.sampleRate"
              .formatted(recorded, rate));
    }
  }

  private float scaled(double value, int feature) {
    return (float) ((value - at(spec.mean(), feature, 0)) / at(spec.std(), feature, 1));
  }

  private static double at(List<Double> values, int feature, double absent) {
    return values.isEmpty() ? absent : values.get(values.size() == 1 ? 0 : feature);
  }
}
