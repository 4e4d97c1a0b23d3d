package io.compresso.data.audio;

/**
 * Changes the sample rate by band-limited interpolation: a sinc of the lower of both rates under a
 * Hann window of {@value #ZERO_CROSSINGS} zero crossings to each side.
 */
final class AudioResampler {
  private static final int ZERO_CROSSINGS = 16;

  private AudioResampler() {}

  static float[] resample(float[] samples, int from, int to) {
    if (from == to) {
      return samples;
    }
    int length = (int) Math.ceilDiv((long) samples.length * to, from);
    double cutoff = Math.min(1, (double) to / from);
    double reach = ZERO_CROSSINGS / cutoff;
    float[] result = new float[length];
    for (int i = 0; i < length; i++) {
      double center = (double) i * from / to;
      int first = Math.max(0, (int) Math.ceil(center - reach));
      int last = Math.min(samples.length - 1, (int) Math.floor(center + reach));
      double sum = 0;
      for (int k = first; k <= last; k++) {
        double distance = k - center;
        sum += samples[k] * sinc(distance * cutoff) * hann(distance / reach);
      }
      result[i] = (float) (sum * cutoff);
    }
    return result;
  }

  private static double sinc(double x) {
    return Math.abs(x) < 1e-9 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x);
  }

  /** The window at {@code x} of -1..1. */
  private static double hann(double x) {
    return 0.5 + 0.5 * Math.cos(Math.PI * x);
  }
}
