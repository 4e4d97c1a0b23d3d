package io.compresso.technique.quantize;

import io.compresso.tensor.DType;
import io.compresso.tensor.Tensor;
import io.compresso.tensor.Value;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The largest magnitude of each channel, the last axis, of values; streamed. */
final class ChannelMaxima {
  private final Set<String> wanted;
  private final Map<String, float[]> maxima = new HashMap<>();

  ChannelMaxima(Set<String> wanted) {
    this.wanted = Set.copyOf(wanted);
  }

  Set<String> wanted() {
    return wanted;
  }

  /** Looks at a value of a run; others than those asked for are ignored. */
  void observe(String name, Value value) {
    if (!wanted.contains(name)
        || !(value instanceof Tensor tensor)
        || tensor.dtype() != DType.FLOAT
        || tensor.shape().rank() < 1
        || tensor.size() == 0) {
      return;
    }
    int channels = (int) tensor.shape().dim(-1);
    float[] own = maxima.computeIfAbsent(name, _ -> new float[channels]);
    if (own.length != channels) {
      return;
    }
    float[] values = tensor.toFloats();
    for (int i = 0; i < values.length; i++) {
      float magnitude = Math.abs(values[i]);
      if (magnitude <= Float.MAX_VALUE && magnitude > own[i % channels]) {
        own[i % channels] = magnitude;
      }
    }
  }

  /** The maxima of a value's channels, null when it was not seen. */
  float @Nullable [] of(String value) {
    return maxima.get(value);
  }
}
