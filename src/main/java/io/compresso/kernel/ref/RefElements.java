package io.compresso.kernel.ref;

import io.compresso.kernel.Acceptance;
import io.compresso.kernel.OperandTypes;
import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import java.lang.foreign.MemorySegment;

/** Operands as arrays of the type in which the reference computes. */
final class RefElements {
  private RefElements() {}

  static boolean isFloat(DType dtype) {
    return switch (dtype) {
      case FLOAT, DOUBLE, FLOAT16, BFLOAT16 -> true;
      default -> false;
    };
  }

  static boolean isInteger(DType dtype) {
    return dtype.isInteger() && dtype.bits() >= 8;
  }

  /** Whether the reference computes products of these types. */
  static Acceptance accepts(OperandTypes types) {
    boolean floats = isFloat(types.input()) && isFloat(types.weight()) && isFloat(types.output());
    boolean integers = types.input() == types.weight() && types.output() == types.input();
    boolean bytes =
        types.isInt8()
            && switch (types.output()) {
              case INT32, FLOAT, UINT8, INT8 -> true;
              default -> false;
            };
    return Acceptance.when(
        floats
            || bytes
            || types.quantizesRows()
            || (integers && isInteger(types.input()) && types.input().bits() >= 32),
        "no product of " + types);
  }

  static double[] doubles(DType dtype, MemorySegment segment, int count) {
    Tensor tensor = tensor(dtype, segment, count);
    double[] values = new double[count];
    for (int i = 0; i < count; i++) {
      values[i] = tensor.getDouble(i);
    }
    return values;
  }

  static long[] longs(DType dtype, MemorySegment segment, int count) {
    Tensor tensor = tensor(dtype, segment, count);
    long[] values = new long[count];
    for (int i = 0; i < count; i++) {
      values[i] = tensor.getLong(i);
    }
    return values;
  }

  static Tensor tensor(DType dtype, MemorySegment segment, long count) {
    return Tensor.wrap(dtype, Shape.of(count), segment);
  }

  /** The nearest integer of the type to a whole number; the least one for NaN. */
  static long saturate(DType dtype, double value) {
    return Double.isNaN(value)
        ? dtype.minValue()
        : (long) Math.clamp(value, dtype.minValue(), dtype.maxValue());
  }
}
