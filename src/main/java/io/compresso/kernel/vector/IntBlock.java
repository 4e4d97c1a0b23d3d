package io.compresso.kernel.vector;

import io.compresso.tensor.DType;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** Elements of an integer type of up to 32 bits as integers in an array. */
final class IntBlock {
  private static final ValueLayout.OfByte BYTE = ValueLayout.JAVA_BYTE;
  private static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT_UNALIGNED;
  private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED;

  private IntBlock() {}

  /** Whether blocks are read from the type. */
  static boolean reads(DType type) {
    return type.isInteger() && type.bits() >= 8 && type.bits() <= 32 && type != DType.UINT32;
  }

  /** Whether blocks are written to the type. */
  static boolean writes(DType type) {
    return type.isInteger() && (type.bits() == 8 || type.bits() == 16);
  }

  /** Reads {@code count} elements from element {@code at} on. */
  static void read(DType type, MemorySegment from, long at, int[] to, int count) {
    switch (type) {
      case UINT8 -> {
        for (int i = 0; i < count; i++) {
          to[i] = Byte.toUnsignedInt(from.get(BYTE, at + i));
        }
      }
      case INT8 -> {
        for (int i = 0; i < count; i++) {
          to[i] = from.get(BYTE, at + i);
        }
      }
      case UINT16 -> {
        for (int i = 0; i < count; i++) {
          to[i] = Short.toUnsignedInt(from.get(SHORT, 2 * (at + i)));
        }
      }
      case INT16 -> {
        for (int i = 0; i < count; i++) {
          to[i] = from.get(SHORT, 2 * (at + i));
        }
      }
      default -> MemorySegment.copy(from, INT, 4 * at, to, 0, count);
    }
  }

  /** Writes {@code count} elements in range from element {@code at} on. */
  static void write(DType type, int[] from, MemorySegment to, long at, int count) {
    if (type.bits() == 8) {
      for (int i = 0; i < count; i++) {
        to.set(BYTE, at + i, (byte) from[i]);
      }
    } else {
      for (int i = 0; i < count; i++) {
        to.set(SHORT, 2 * (at + i), (short) from[i]);
      }
    }
  }

  /**
   * {@code saturate(rint(value) + zeroPoint)} to the type's range; the least value for NaN.
   *
   * @param value in single precision
   */
  static int quantize(DType type, float value, int zeroPoint) {
    double steps = Math.rint((double) value) + zeroPoint;
    return Double.isNaN(steps)
        ? (int) type.minValue()
        : (int) Math.max(type.minValue(), Math.min(type.maxValue(), steps));
  }
}
