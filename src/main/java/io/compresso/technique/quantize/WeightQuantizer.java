package io.compresso.technique.quantize;

import io.compresso.technique.quantize.QuantizeParams.ObserverKind;
import io.compresso.tensor.DType;
import io.compresso.tensor.QuantParams;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import java.util.Arrays;
import java.util.OptionalInt;

/**
 * Quantizes weights: int8, symmetric.
 *
 * @param limit the largest magnitude of a quantized weight: 127, or 64 for CPUs whose dot product
 *     would saturate
 */
record WeightQuantizer(boolean perChannel, ObserverKind observer, double percentile, int limit) {
  private static final int MSE_STEPS = 80;

  /** Quantized weights and how to read them. */
  record Quantized(Tensor values, QuantParams params) {}

  /**
   * Quantizes.
   *
   * @param axis the axis of the output channels
   * @param smallestScales lower bounds of the scales, one or one a channel, as bias or accumulator
   *     need them; 0 for none
   */
  Quantized quantize(float[] weights, Shape shape, int axis, float[] smallestScales) {
    int channels = perChannel ? (int) shape.dim(axis) : 1;
    int inner = perChannel ? (int) shape.size(axis + 1, shape.rank()) : weights.length;
    float[][] byChannel = new float[channels][weights.length / Math.max(1, channels)];
    int[] filled = new int[channels];
    for (int i = 0; i < weights.length; i++) {
      int channel = perChannel ? i / inner % channels : 0;
      byChannel[channel][filled[channel]++] = weights[i];
    }
    float[] scales = new float[channels];
    FloatParts.run(
        weights.length,
        channels,
        (_, from, to) -> {
          for (int channel = (int) from; channel < to; channel++) {
            float scale = magnitude(byChannel[channel]) / limit;
            float smallest = smallestScales[smallestScales.length == 1 ? 0 : channel];
            scales[channel] = Range.usable(Math.max(scale, smallest));
          }
        });
    QuantParams params =
        perChannel
            ? QuantParams.symmetric(DType.INT8, scales, axis)
            : new QuantParams(DType.INT8, scales, new int[1], OptionalInt.empty());
    byte[] values = new byte[weights.length];
    for (int i = 0; i < weights.length; i++) {
      double q = Math.rint(weights[i] / scales[perChannel ? i / inner % channels : 0]);
      values[i] = (byte) Math.max(-limit, Math.min(limit, q));
    }
    return new Quantized(Tensor.ofBytes(DType.INT8, shape, values), params);
  }

  /** The magnitude that the largest integer stands for. */
  private float magnitude(float[] values) {
    float largest = 0;
    for (float value : values) {
      largest = Math.max(largest, Math.abs(value));
    }
    if (largest == 0) {
      return 0;
    }
    return switch (observer) {
      case MIN_MAX, MOVING_AVERAGE -> largest;
      case PERCENTILE -> percentile(values, largest);
      case MSE -> leastSquares(values, largest);
      case ENTROPY -> {
        StreamingHistogram histogram = new StreamingHistogram();
        histogram.add(values);
        yield new RangeFinder(observer, DType.INT8, true, percentile).find(histogram).magnitude();
      }
    };
  }

  private float percentile(float[] values, float largest) {
    float[] magnitudes = new float[values.length];
    for (int i = 0; i < values.length; i++) {
      magnitudes[i] = Math.abs(values[i]);
    }
    Arrays.sort(magnitudes);
    int index = (int) Math.ceil(values.length * percentile / 100) - 1;
    float cut = magnitudes[Math.max(0, Math.min(values.length - 1, index))];
    return cut > 0 ? cut : largest;
  }

  private float leastSquares(float[] values, float largest) {
    float best = largest;
    double least = Double.POSITIVE_INFINITY;
    for (int step = MSE_STEPS; step >= MSE_STEPS / 4; step--) {
      float magnitude = largest * step / MSE_STEPS;
      double scale = (double) magnitude / limit;
      double error = 0;
      for (float value : values) {
        double q = Math.max(-limit, Math.min(limit, Math.rint(value / scale)));
        error += (value - q * scale) * (value - q * scale);
      }
      if (error < least) {
        least = error;
        best = magnitude;
      }
    }
    return best;
  }
}
