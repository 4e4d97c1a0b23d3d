package io.compresso.kernel.vector;

import io.compresso.kernel.Epilogue;
import io.compresso.kernel.Epilogue.Residual;
import io.compresso.kernel.ResidualQuantization;
import io.compresso.kernel.nhwc.TileShape;
import io.compresso.kernel.ref.RefActivation;
import io.compresso.tensor.DType;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.jspecify.annotations.Nullable;

/**
 * Stores the sums of a pixel as {@link Epilogue} says.
 *
 * @param shape the tiles
 * @param lanes channels of a vector of constants
 */
record TileResults(TileShape shape, int lanes) {
  private static final ValueLayout.OfByte BYTE = ValueLayout.JAVA_BYTE;
  private static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT_UNALIGNED;
  private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED;
  private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED;

  /** Stores sums of floats. */
  void store(
      float[] sums,
      int first,
      int count,
      MemorySegment output,
      @Nullable MemorySegment residual,
      long at) {
    for (int i = 0; i < count; i++) {
      storeFloat(sums[first + i], output, residual, at + (long) i * shape.output().elementBytes());
    }
  }

  private void storeFloat(
      float sum, MemorySegment output, @Nullable MemorySegment residual, long at) {
    boolean half = shape.output().type() == DType.FLOAT16;
    float value = sum;
    if (residual != null && shape.epilogue().residual() != Residual.NONE) {
      value += half ? Float.float16ToFloat(residual.get(SHORT, at)) : residual.get(FLOAT, at);
    }
    Epilogue epilogue = shape.epilogue();
    value = (float) RefActivation.apply(epilogue.activation(), value);
    value =
        value < epilogue.low() ? epilogue.low() : value > epilogue.high() ? epilogue.high() : value;
    if (half) {
      output.set(SHORT, at, Float.floatToFloat16(value));
    } else {
      output.set(FLOAT, at, value);
    }
  }

  /** Stores sums of integers. */
  void store(
      int[] sums,
      int first,
      int count,
      MemorySegment constants,
      MemorySegment output,
      @Nullable MemorySegment residual,
      long at) {
    DType type = shape.output().type();
    for (int i = 0; i < count; i++) {
      long place = at + (long) i * shape.output().elementBytes();
      int sum = sums[first + i];
      if (type == DType.INT32) {
        output.set(INT, place, sum);
        continue;
      }
      float scaled = (float) sum * constants.get(FLOAT, 4L * (lanes + i));
      if (type.isFloat()) {
        float bias = constants.get(FLOAT, 4L * (2L * lanes + i));
        storeFloat(shape.epilogue().bias() ? scaled + bias : scaled, output, residual, place);
      } else {
        storeByte(scaled, output, residual, place);
      }
    }
  }

  private void storeByte(
      float scaled, MemorySegment output, @Nullable MemorySegment residual, long at) {
    DType type = shape.output().type();
    Residual kind = shape.epilogue().residual();
    float value = scaled;
    if (residual != null && kind != Residual.NONE) {
      ResidualQuantization constants = shape.residual();
      byte bits = residual.get(BYTE, at);
      int added = type == DType.UINT8 ? bits & 0xFF : bits;
      float term = (float) (added - constants.residualZeroPoint()) * constants.residualScale();
      if (kind == Residual.ADDED_TO_QUANTIZED) {
        long sum = saturate(value, constants.sumZeroPoint(), type.minValue(), type.maxValue());
        value = (float) (sum - constants.sumZeroPoint()) * constants.sumScale();
      }
      value += term;
    }
    float low = Math.max(type.minValue(), shape.epilogue().low());
    float high = Math.min(type.maxValue(), shape.epilogue().high());
    output.set(BYTE, at, (byte) saturate(value, shape.zeroPoint(), low, high));
  }

  private static long saturate(float scaled, int zeroPoint, float low, float high) {
    float value = (float) Math.rint(scaled) + zeroPoint;
    return (long) (value > low ? Math.min(value, high) : low);
  }
}
