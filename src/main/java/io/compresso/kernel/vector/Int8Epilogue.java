package io.compresso.kernel.vector;

import io.compresso.kernel.Acceptance;
import io.compresso.kernel.Activation;
import io.compresso.kernel.Epilogue;
import io.compresso.kernel.Epilogue.Residual;
import io.compresso.kernel.Operands;
import io.compresso.kernel.ProductProblem;
import io.compresso.kernel.ResidualQuantization;
import io.compresso.kernel.WeightQuantization;
import io.compresso.kernel.Weights;
import io.compresso.tensor.DType;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Objects;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;
import org.jspecify.annotations.Nullable;

/** Stores 32-bit sums of an 8-bit problem as {@link Epilogue} says. */
final class Int8Epilogue {
  private static final ByteOrder ORDER = ByteOrder.LITTLE_ENDIAN;
  private static final VectorSpecies<Float> FLOATS = FloatVector.SPECIES_PREFERRED;
  private static final VectorSpecies<Integer> INTS = VectorBytes.INTS;
  private static final int LANES = VectorBytes.LANES;

  /** Adding and subtracting it rounds floats of less than 2^22 to integers, halves to even. */
  private static final float ROUNDING = 0x1.8p23f;

  /** Saturates every output type, whatever the zero point. */
  private static final float FAR = 1 << 10;

  private final DType type;
  private final Epilogue epilogue;
  private final float[] scales;
  private final int @Nullable [] intBias;
  private final float @Nullable [] floatBias;
  private final float zeroPoint;
  private final float low;
  private final float high;
  private final ResidualQuantization residual;

  /** Whether the epilogue of an 8-bit problem is one that this stores. */
  static Acceptance accepts(ProductProblem problem) {
    DType output = problem.types().output();
    Epilogue epilogue = problem.epilogue();
    boolean bytes = output == DType.UINT8 || output == DType.INT8;
    return bytes && epilogue.activation() == Activation.NONE ? Acceptance.YES : epilogue.isPlain();
  }

  Int8Epilogue(ProductProblem problem, Weights weights) {
    this.type = problem.types().output();
    this.epilogue = problem.epilogue();
    this.residual = weights.residual();
    int channels = problem.outputChannels();
    WeightQuantization quantization = weights.quantization();
    this.scales = new float[channels];
    for (int i = 0; i < channels; i++) {
      scales[i] = quantization.scale(i);
    }
    MemorySegment bias = epilogue.bias() ? weights.bias() : null;
    boolean floats = type == DType.FLOAT;
    this.floatBias =
        bias == null || !floats ? null : bias.toArray(ValueLayout.JAVA_FLOAT_UNALIGNED);
    this.intBias = bias == null || floats ? null : bias.toArray(ValueLayout.JAVA_INT_UNALIGNED);
    this.zeroPoint = quantization.outputZeroPoint();
    this.low = floats || type == DType.INT32 ? 0 : Math.max(type.minValue(), epilogue.low());
    this.high = floats || type == DType.INT32 ? 0 : Math.min(type.maxValue(), epilogue.high());
  }

  /** Stores results of one channel. */
  void storeRow(
      MemorySegment sums, long sumsAt, int channel, Operands operands, long index, int count) {
    for (int i = 0; i < count; i += LANES) {
      VectorMask<Integer> mask = INTS.indexInRange(i, count);
      IntVector sum = IntVector.fromMemorySegment(INTS, sums, sumsAt + 4L * i, ORDER, mask);
      if (intBias != null) {
        sum = sum.add(intBias[channel]);
      }
      FloatVector scale = FloatVector.broadcast(FLOATS, scales[channel]);
      FloatVector bias = FloatVector.broadcast(FLOATS, floatBias == null ? 0 : floatBias[channel]);
      store(sum, scale, bias, operands, index + i, mask);
    }
  }

  /** Stores results of channels that follow one another. */
  void storeColumns(
      MemorySegment sums, long sumsAt, int channel, Operands operands, long index, int count) {
    for (int i = 0; i < count; i += LANES) {
      VectorMask<Integer> mask = INTS.indexInRange(i, count);
      VectorMask<Float> floatMask = mask.cast(FLOATS);
      IntVector sum = IntVector.fromMemorySegment(INTS, sums, sumsAt + 4L * i, ORDER, mask);
      if (intBias != null) {
        sum = sum.add(IntVector.fromArray(INTS, intBias, channel + i, mask));
      }
      FloatVector scale = FloatVector.fromArray(FLOATS, scales, channel + i, floatMask);
      FloatVector bias =
          floatBias == null
              ? FloatVector.zero(FLOATS)
              : FloatVector.fromArray(FLOATS, floatBias, channel + i, floatMask);
      store(sum, scale, bias, operands, index + i, mask);
    }
  }

  private void store(
      IntVector sum,
      FloatVector scale,
      FloatVector bias,
      Operands operands,
      long index,
      VectorMask<Integer> mask) {
    MemorySegment output = operands.output();
    if (type == DType.INT32) {
      sum.intoMemorySegment(output, 4 * index, ORDER, mask);
      return;
    }
    FloatVector value = (FloatVector) sum.convertShape(VectorOperators.I2F, FLOATS, 0);
    if (type == DType.FLOAT) {
      value = value.mul(scale.mul(operands.inputScale()));
      if (floatBias != null) {
        value = value.add(bias);
      }
      if (epilogue.clips()) {
        value = value.blend(epilogue.low(), value.compare(VectorOperators.LT, epilogue.low()));
        value = value.blend(epilogue.high(), value.compare(VectorOperators.GT, epilogue.high()));
      }
      value.intoMemorySegment(output, 4 * index, ORDER, mask.cast(FLOATS));
      return;
    }
    value = value.mul(scale);
    if (epilogue.residual() != Residual.NONE) {
      value = addResidual(value, Objects.requireNonNull(operands.third()), index, mask);
    }
    FloatVector rounded = quantize(value, zeroPoint, low, high);
    IntVector bytes = (IntVector) rounded.convertShape(VectorOperators.F2I, INTS, 0);
    VectorBytes.store(bytes, output, index, mask);
  }

  private FloatVector addResidual(
      FloatVector value, MemorySegment third, long index, VectorMask<Integer> mask) {
    FloatVector added =
        VectorBytes.load(third, index, type, mask)
            .sub(residual.residualZeroPoint())
            .convertShape(VectorOperators.I2F, FLOATS, 0)
            .reinterpretAsFloats()
            .mul(residual.residualScale());
    if (epilogue.residual() == Residual.ADDED) {
      return value.add(added);
    }
    return quantize(value, residual.sumZeroPoint(), type.minValue(), type.maxValue())
        .sub(residual.sumZeroPoint())
        .mul(residual.sumScale())
        .add(added);
  }

  /** {@code rint(value) + zero}, saturated. */
  private static FloatVector quantize(FloatVector value, float zero, float least, float most) {
    FloatVector near = FloatVector.broadcast(FLOATS, -FAR);
    near = near.blend(value, value.compare(VectorOperators.GT, -FAR));
    near = near.blend(FAR, near.compare(VectorOperators.GT, FAR));
    FloatVector rounded = near.add(ROUNDING).sub(ROUNDING).add(zero);
    rounded = rounded.blend(least, rounded.compare(VectorOperators.LT, least));
    return rounded.blend(most, rounded.compare(VectorOperators.GT, most));
  }
}
