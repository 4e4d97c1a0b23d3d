package io.compresso.kernel;

import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * What is constant over the runs of a prepared kernel. A kernel copies what it needs while it is
 * prepared and keeps none of the segments.
 *
 * @param data the weight operand; null when it is given with every run ({@link Operands#weights()})
 * @param bias one value an output channel when {@link Epilogue#bias()}, of {@link
 *     Problem#biasType()}
 * @param quantization zero points and scales of an 8-bit problem
 */
public record Weights(
    @Nullable MemorySegment data, @Nullable MemorySegment bias, WeightQuantization quantization) {
  /** Nothing constant. */
  public static final Weights NONE = new Weights(null, null, WeightQuantization.NONE);

  public static Weights of(MemorySegment data) {
    return new Weights(data, null, WeightQuantization.NONE);
  }

  public Weights withBias(@Nullable MemorySegment newBias) {
    return new Weights(data, newBias, quantization);
  }

  public Weights withQuantization(WeightQuantization newQuantization) {
    return new Weights(data, bias, newQuantization);
  }
}
