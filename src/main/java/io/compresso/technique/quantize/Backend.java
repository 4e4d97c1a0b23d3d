package io.compresso.technique.quantize;

import io.compresso.technique.quantize.QuantizeParams.ActivationType;
import io.compresso.technique.quantize.QuantizeParams.ReduceRange;
import org.jspecify.annotations.Nullable;

/** The settings that runtimes compute fastest with, by the runtime's name. */
enum Backend {
  /** No settings: the job's own. */
  CUSTOM(null),
  /** x86, as PyTorch's FBGEMM: 7-bit weights a channel, since its sums of two bytes saturate. */
  FBGEMM(new Settings(ActivationType.UINT8, false, true, ReduceRange.ON)),
  /** ARM, as PyTorch's QNNPACK: one scale for all weights, all 8 bits. */
  QNNPACK(new Settings(ActivationType.UINT8, false, false, ReduceRange.OFF)),
  /** ONNX Runtime on CPUs: weights a channel, 7 bits where the target's products saturate. */
  ONNXRUNTIME(new Settings(ActivationType.UINT8, false, true, ReduceRange.AUTO));

  private final @Nullable Settings settings;

  Backend(@Nullable Settings settings) {
    this.settings = settings;
  }

  /** What a backend sets. */
  private record Settings(
      ActivationType type, boolean symmetric, boolean perChannel, ReduceRange reduceRange) {}

  /** The parameters with this backend's settings in the place of their own. */
  QuantizeParams apply(QuantizeParams own) {
    if (settings == null) {
      return own;
    }
    QuantizeParams.Weights w = own.weights();
    QuantizeParams.Activations a = own.activations();
    return new QuantizeParams(
        own.mode(),
        CUSTOM,
        new QuantizeParams.Weights(
            w.bits(),
            settings.perChannel(),
            w.observer(),
            w.percentile(),
            w.equalize(),
            w.correctBias(),
            w.rounding(),
            w.damping(),
            w.actOrder(),
            w.block(),
            w.symmetric(),
            w.embeddingBits()),
        new QuantizeParams.Activations(
            a.bits(),
            settings.type(),
            settings.symmetric(),
            a.observer(),
            a.percentile(),
            a.smooth(),
            a.alpha()),
        own.exclude(),
        own.operators(),
        own.format(),
        settings.reduceRange(),
        own.half());
  }
}
