package io.compresso.data.audio;

import io.compresso.data.AudioSpec;
import io.compresso.data.DataException;
import io.compresso.data.DataException.Code;
import org.apache.commons.math3.complex.Complex;
import org.apache.commons.math3.transform.DftNormalization;
import org.apache.commons.math3.transform.FastFourierTransformer;
import org.apache.commons.math3.transform.TransformType;

/**
 * Energies of triangular bands that are evenly spaced on the mel scale {@code m = 2595 * log10(1 +
 * f / 700)} (O'Shaughnessy, 1987), of frames under a periodic Hann window that are filled up with
 * zeros to a power of two. Frames lie within the recording; none is padded.
 */
final class MelSpectrogram {
  private final AudioSpec spec;
  private final int window;
  private final int hop;
  private final int size;
  private final double[] hann;
  private final double[][] bands;

  /**
   * @param rate samples per second
   * @throws DataException if a band holds no frequency of the spectrum
   */
  MelSpectrogram(AudioSpec spec, int rate) {
    this.spec = spec;
    this.window = Math.max(1, (int) Math.round(spec.windowMillis() * rate / 1000));
    this.hop = Math.max(1, (int) Math.round(spec.hopMillis() * rate / 1000));
    this.size = Integer.highestOneBit(Math.max(2, 2 * window - 1));
    this.hann = new double[window];
    for (int i = 0; i < window; i++) {
      hann[i] = 0.5 - 0.5 * Math.cos(2 * Math.PI * i / window);
    }
    this.bands = bands(spec, rate, size);
  }

  private static double[][] bands(AudioSpec spec, int rate, int size) {
    double high = spec.highHz() == null ? rate / 2.0 : spec.highHz();
    if (high > rate / 2.0) {
      throw new DataException(
          Code.INVALID_SPEC,
          "audio.highHz",
          "%s Hz is above half of the sample rate, %s Hz".formatted(high, rate / 2.0));
    }
    double first = mel(spec.lowHz());
    double step = (mel(high) - first) / (spec.mels() + 1);
    double[][] bands = new double[spec.mels()][size / 2 + 1];
    for (int band = 0; band < bands.length; band++) {
      double left = hertz(first + band * step);
      double center = hertz(first + (band + 1) * step);
      double right = hertz(first + (band + 2) * step);
      double sum = 0;
      for (int bin = 0; bin <= size / 2; bin++) {
        double frequency = (double) bin * rate / size;
        double rising = (frequency - left) / (center - left);
        double falling = (right - frequency) / (right - center);
        bands[band][bin] = Math.max(0, Math.min(rising, falling));
        sum += bands[band][bin];
      }
      if (sum == 0) {
        throw new DataException(
            Code.INVALID_SPEC,
            "audio.mels",
            "band %d of %d, %.0f to %.0f Hz, holds no frequency of a window of %s ms; take fewer"
                    .formatted(band, bands.length, left, right, spec.windowMillis())
                + " bands, a longer window or a greater lowHz");
      }
    }
    return bands;
  }

  private static double mel(double hertz) {
    return 2595 * Math.log10(1 + hertz / 700);
  }

  private static double hertz(double mel) {
    return 700 * (Math.pow(10, mel / 2595) - 1);
  }

  /** How many frames {@code samples} samples have. */
  int frames(int samples) {
    return samples < window ? 0 : 1 + (samples - window) / hop;
  }

  /** The logarithms of the bands' energies, {@code [frames][mels]}. */
  double[][] logMel(float[] samples) {
    FastFourierTransformer fft = new FastFourierTransformer(DftNormalization.STANDARD);
    double[][] result = new double[frames(samples.length)][bands.length];
    double[] frame = new double[size];
    double[] energies = new double[size / 2 + 1];
    for (int i = 0; i < result.length; i++) {
      for (int k = 0; k < window; k++) {
        frame[k] = samples[i * hop + k] * hann[k];
      }
      Complex[] spectrum = fft.transform(frame, TransformType.FORWARD);
      for (int bin = 0; bin < energies.length; bin++) {
        double re = spectrum[bin].getReal();
        double im = spectrum[bin].getImaginary();
        energies[bin] = re * re + im * im;
      }
      for (int band = 0; band < bands.length; band++) {
        double energy = 0;
        for (int bin = 0; bin < energies.length; bin++) {
          energy += bands[band][bin] * energies[bin];
        }
        result[i][band] = Math.log(Math.max(energy, spec.floor()));
      }
    }
    return result;
  }

  /** The first {@code count} coefficients of the orthonormal DCT-II of {@code values}. */
  static double[] dct(double[] values, int count) {
    double[] result = new double[count];
    int n = values.length;
    for (int k = 0; k < count; k++) {
      double sum = 0;
      for (int i = 0; i < n; i++) {
        sum += values[i] * Math.cos(Math.PI * k * (2 * i + 1) / (2.0 * n));
      }
      result[k] = sum * Math.sqrt((k == 0 ? 1.0 : 2.0) / n);
    }
    return result;
  }
}
