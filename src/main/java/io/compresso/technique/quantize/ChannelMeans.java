package io.compresso.technique.quantize;

import io.compresso.tensor.Tensor;
import io.compresso.tensor.Value;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The mean of each channel of values, streamed: sums for each channel, nothing for each sample. */
final class ChannelMeans {
  private static final class Sums {
    private final double[] sums;
    private long count;

    Sums(int channels) {
      this.sums = new double[channels];
    }
  }

  private final Map<String, Integer> axes;
  private final Map<String, Sums> sums = new HashMap<>();

  /**
   * Means to take.
   *
   * @param axes the channel axis of each value, negative from the end
   */
  ChannelMeans(Map<String, Integer> axes) {
    this.axes = axes;
  }

  /** Adds a value of a run; others than those asked for are ignored. */
  void observe(String name, Value value) {
    Integer axis = axes.get(name);
    if (axis == null
        || !(value instanceof Tensor tensor)
        || !tensor.dtype().isFloat()
        || tensor.shape().rank() < 2) {
      return;
    }
    int at = tensor.shape().normalizeAxis(axis);
    int channels = (int) tensor.shape().dim(at);
    Sums sum = sums.computeIfAbsent(name, _ -> new Sums(channels));
    if (sum.sums.length != channels) {
      return;
    }
    float[] values = tensor.toFloats();
    int inner = (int) tensor.shape().size(at + 1, tensor.shape().rank());
    for (int block = 0; block * inner < values.length; block++) {
      double total = 0;
      for (int i = block * inner; i < (block + 1) * inner; i++) {
        total += Float.isFinite(values[i]) ? values[i] : 0;
      }
      sum.sums[block % channels] += total;
    }
    sum.count += values.length / Math.max(1, channels);
  }

  /** The means of a value's channels, null when it was not seen. */
  float @Nullable [] means(String value) {
    Sums sum = sums.get(value);
    if (sum == null || sum.count == 0) {
      return null;
    }
    float[] means = new float[sum.sums.length];
    for (int c = 0; c < means.length; c++) {
      means[c] = (float) (sum.sums[c] / sum.count);
    }
    return means;
  }
}
