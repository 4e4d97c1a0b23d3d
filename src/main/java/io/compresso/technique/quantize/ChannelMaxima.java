package io.compresso.technique.quantize;

import io.compresso.tensor.DType;
import io.compresso.tensor.Tensor;
import io.compresso.tensor.Value;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The largest magnitude of each channel of values; streamed. */
final class ChannelMaxima {
  private final Map<String, Integer> axes;
  private final Map<String, float[]> maxima = new HashMap<>();

  /**
   * Maxima to take.
   *
   * @param axes the channel axis of each value, negative from the end
   */
  ChannelMaxima(Map<String, Integer> axes) {
    this.axes = Map.copyOf(axes);
  }

  Set<String> wanted() {
    return axes.keySet();
  }

  /** Looks at a value of a run; others than those asked for are ignored. */
  void observe(String name, Value value) {
    Integer axis = axes.get(name);
    if (axis == null
        || !(value instanceof Tensor tensor)
        || tensor.dtype() != DType.FLOAT
        || tensor.shape().rank() < (axis < 0 ? -axis : axis + 1)
        || tensor.size() == 0) {
      return;
    }
    int at = tensor.shape().normalizeAxis(axis);
    int channels = (int) tensor.shape().dim(at);
    int inner = (int) tensor.shape().size(at + 1, tensor.shape().rank());
    float[] own = maxima.computeIfAbsent(name, _ -> new float[channels]);
    if (own.length != channels) {
      return;
    }
    float[] values = tensor.toFloats();
    for (int i = 0; i < values.length; i++) {
      float magnitude = Math.abs(values[i]);
      int channel = i / inner % channels;
      if (magnitude <= Float.MAX_VALUE && magnitude > own[channel]) {
        own[channel] = magnitude;
      }
    }
  }

  /** The maxima of a value's channels, null when it was not seen. */
  float @Nullable [] of(String value) {
    return maxima.get(value);
  }
}
