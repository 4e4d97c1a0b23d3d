package io.compresso.technique.quantize;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What each layer costs when it alone is compressed, by its output; layers that were not measured
 * are missing.
 *
 * @param ratios signal to quantization noise of the model's outputs, in dB; infinite when they do
 *     not change
 * @param drops loss of the goal's metric, of top-1 or agreement without a goal
 */
record LayerEffects(Map<String, Double> ratios, Map<String, Double> drops) {
  static final LayerEffects NONE = new LayerEffects(Map.of(), Map.of());

  /** The ratio as a report has it: null when it was not measured, or nothing changed. */
  @Nullable Double ratio(String output) {
    Double ratio = ratios.get(output);
    return ratio == null || !Double.isFinite(ratio) ? null : ratio;
  }

  /** The loss; null when it was not measured. */
  @Nullable Double drop(String output) {
    return drops.get(output);
  }
}
