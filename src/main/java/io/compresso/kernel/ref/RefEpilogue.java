package io.compresso.kernel.ref;

import io.compresso.kernel.Epilogue;
import io.compresso.kernel.Operands;
import io.compresso.kernel.Problem;
import io.compresso.kernel.WeightQuantization;
import io.compresso.kernel.Weights;
import io.compresso.tensor.DType;
import io.compresso.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/** Stores sums as {@link Epilogue} says. */
final class RefEpilogue {
  private final Problem problem;
  private final @Nullable Tensor bias;
  private final WeightQuantization quantization;

  /** Copies the bias. */
  RefEpilogue(Problem problem, Weights weights) {
    this.problem = problem;
    this.quantization = weights.quantization();
    this.bias =
        problem.epilogue().bias() && weights.bias() != null
            ? RefElements.tensor(problem.biasType(), weights.bias(), problem.outputChannels())
                .copy()
            : null;
  }

  void store(Tensor output, long index, int channel, double sum) {
    double value = bias == null ? sum : sum + bias.getDouble(channel);
    output.setDouble(index, clip(output.dtype() == DType.FLOAT ? (float) value : value));
  }

  void store(Tensor output, long index, int channel, long sum, Operands operands) {
    DType type = output.dtype();
    if (!problem.types().isInt8() || type == DType.INT32) {
      output.setLong(index, bias == null ? sum : sum + bias.getLong(channel));
      return;
    }
    if (type == DType.FLOAT) {
      float scale = operands.inputScale() * quantization.scale(channel);
      float scaled = (float) (int) sum * scale;
      output.setFloat(index, (float) clip(bias == null ? scaled : scaled + bias.getFloat(channel)));
      return;
    }
    int biased = (int) (bias == null ? sum : sum + bias.getLong(channel));
    output.setLong(index, requantize((float) biased * quantization.scale(channel), type));
  }

  private double clip(double value) {
    Epilogue epilogue = problem.epilogue();
    return value < epilogue.low()
        ? epilogue.low()
        : value > epilogue.high() ? epilogue.high() : value;
  }

  private long requantize(float scaled, DType type) {
    float low = Math.max(type.minValue(), problem.epilogue().low());
    float high = Math.min(type.maxValue(), problem.epilogue().high());
    float value = (float) Math.rint(scaled) + quantization.outputZeroPoint();
    return (long) (value > low ? Math.min(value, high) : low);
  }
}
