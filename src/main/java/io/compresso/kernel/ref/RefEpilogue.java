package io.compresso.kernel.ref;

import io.compresso.kernel.Epilogue;
import io.compresso.kernel.Epilogue.Residual;
import io.compresso.kernel.Operands;
import io.compresso.kernel.ProductProblem;
import io.compresso.kernel.ResidualQuantization;
import io.compresso.kernel.WeightQuantization;
import io.compresso.kernel.Weights;
import io.compresso.tensor.DType;
import io.compresso.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Stores sums as {@link Epilogue} says. */
final class RefEpilogue {
  private final ProductProblem problem;
  private final @Nullable Tensor bias;
  private final WeightQuantization quantization;
  private final ResidualQuantization residual;

  /** Copies the bias. */
  RefEpilogue(ProductProblem problem, Weights weights) {
    this.problem = problem;
    this.quantization = weights.quantization();
    this.residual = weights.residual();
    this.bias =
        problem.epilogue().bias() && weights.bias() != null
            ? RefElements.tensor(problem.biasType(), weights.bias(), problem.outputChannels())
                .copy()
            : null;
  }

  void store(Tensor output, long index, int channel, double sum, Operands operands) {
    double value = bias == null ? sum : sum + bias.getDouble(channel);
    output.setDouble(index, finish(value, output, index, operands));
  }

  void store(Tensor output, long index, int channel, long sum, Operands operands) {
    DType type = output.dtype();
    boolean integers = !problem.types().isInt8() && !problem.types().quantizesRows();
    if (integers || type == DType.INT32) {
      output.setLong(index, bias == null ? sum : sum + bias.getLong(channel));
      return;
    }
    if (type == DType.FLOAT) {
      float scale = operands.inputScale() * quantization.scale(channel);
      float scaled = (float) (int) sum * scale;
      float value = bias == null ? scaled : scaled + bias.getFloat(channel);
      output.setDouble(index, finish(value, output, index, operands));
      return;
    }
    int biased = (int) (bias == null ? sum : sum + bias.getLong(channel));
    float scaled = (float) biased * quantization.scale(channel);
    output.setLong(index, requantize(addQuantized(scaled, output, index, operands), type));
  }

  private double finish(double value, Tensor output, long index, Operands operands) {
    double sum =
        problem.epilogue().residual() == Residual.NONE
            ? value
            : value + residual(output, operands).getDouble(index);
    double activated = RefActivation.apply(problem.epilogue().activation(), sum);
    return clip(output.dtype() == DType.FLOAT ? (float) activated : activated);
  }

  private float addQuantized(float scaled, Tensor output, long index, Operands operands) {
    Residual kind = problem.epilogue().residual();
    if (kind == Residual.NONE) {
      return scaled;
    }
    DType type = output.dtype();
    float added =
        (float) (residual(output, operands).getLong(index) - residual.residualZeroPoint())
            * residual.residualScale();
    if (kind == Residual.ADDED) {
      return scaled + added;
    }
    long sum = saturate(scaled, residual.sumZeroPoint(), type.minValue(), type.maxValue());
    return (float) (sum - residual.sumZeroPoint()) * residual.sumScale() + added;
  }

  private static Tensor residual(Tensor output, Operands operands) {
    MemorySegment third = Objects.requireNonNull(operands.third());
    return RefElements.tensor(output.dtype(), third, output.size());
  }

  private double clip(double value) {
    Epilogue epilogue = problem.epilogue();
    return value < epilogue.low()
        ? epilogue.low()
        : value > epilogue.high() ? epilogue.high() : value;
  }

  private long requantize(float scaled, DType type) {
    float least = type.minValue();
    float greatest = type.maxValue();
    float low = Math.clamp(problem.epilogue().low(), least, greatest);
    float high = Math.clamp(problem.epilogue().high(), least, greatest);
    return saturate(scaled, quantization.outputZeroPoint(), low, high);
  }

  private static long saturate(float scaled, int zeroPoint, float low, float high) {
    float value = (float) Math.rint(scaled) + zeroPoint;
    return (long) (value > low ? Math.min(value, high) : low);
  }
}
