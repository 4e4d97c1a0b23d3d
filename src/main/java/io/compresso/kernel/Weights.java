package io.compresso.kernel;

import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * What is constant over the runs of a prepared kernel. A kernel copies what it needs while it is
 * prepared and keeps none of the segments.
 *
 * @param data the weight operand; null when it is given with every run ({@link Operands#second()})
 * @param bias one value an output channel when {@link Epilogue#bias()}, of {@link
 *     Problem#biasType()}
 * @param quantization zero points and scales of an 8-bit problem
 * @param residual zero points and scales of an 8-bit problem with a residual
 */
public record Weights(
    @Nullable MemorySegment data,
    @Nullable MemorySegment bias,
    WeightQuantization quantization,
    ResidualQuantization residual) {
  /** Nothing constant. */
  public static final Weights NONE =
      new Weights(null, null, WeightQuantization.NONE, ResidualQuantization.NONE);

  public static Weights of(MemorySegment data) {
    return NONE.withData(data);
  }

  public Weights withBias(@Nullable MemorySegment newBias) {
    return new Weights(data, newBias, quantization, residual);
  }

  public Weights withQuantization(WeightQuantization newQuantization) {
    return new Weights(data, bias, newQuantization, residual);
  }

  public Weights withResidual(ResidualQuantization newResidual) {
    return new Weights(data, bias, quantization, newResidual);
  }

  public Weights withData(@Nullable MemorySegment newData) {
    return new Weights(newData, bias, quantization, residual);
  }
}
