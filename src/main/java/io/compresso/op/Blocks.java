package io.compresso.op;

import io.compresso.tensor.DType;
import io.compresso.tensor.SmallFloats;
import io.compresso.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/**
 * Runs of consecutive elements of a tensor, converted to and from arrays: operators compute on
 * arrays of {@link #SIZE} elements, whatever the tensor's element type.
 */
final class Blocks {
  /** Elements per block. */
  static final int SIZE = 1024;

  private static final ValueLayout.OfShort SHORT =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfInt INT =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfLong LONG =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfFloat FLOAT =
      ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfDouble DOUBLE =
      ValueLayout.JAVA_DOUBLE_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private Blocks() {}

  /** The length of a block array for {@code size} elements: enough, and no more than a block. */
  static int length(long size) {
    return (int) Math.min(SIZE, size);
  }

  /** Reads {@code count} elements from {@code from} into {@code to}, starting at {@code at}. */
  static void read(Tensor tensor, long from, float[] to, int at, int count) {
    MemorySegment segment = tensor.segment();
    switch (tensor.dtype()) {
      case FLOAT -> MemorySegment.copy(segment, FLOAT, from * 4, to, at, count);
      case FLOAT16 -> {
        for (int i = 0; i < count; i++) {
          to[at + i] = Float.float16ToFloat(segment.get(SHORT, (from + i) * 2));
        }
      }
      case BFLOAT16 -> {
        for (int i = 0; i < count; i++) {
          to[at + i] = SmallFloats.fromBFloat16(segment.get(SHORT, (from + i) * 2));
        }
      }
      default -> {
        for (int i = 0; i < count; i++) {
          to[at + i] = tensor.getFloat(from + i);
        }
      }
    }
  }

  /** Reads {@code count} elements from {@code from} into {@code to}, starting at {@code at}. */
  static void read(Tensor tensor, long from, double[] to, int at, int count) {
    MemorySegment segment = tensor.segment();
    switch (tensor.dtype()) {
      case DOUBLE -> MemorySegment.copy(segment, DOUBLE, from * 8, to, at, count);
      case FLOAT -> {
        for (int i = 0; i < count; i++) {
          to[at + i] = segment.get(FLOAT, (from + i) * 4);
        }
      }
      default -> {
        for (int i = 0; i < count; i++) {
          to[at + i] = tensor.getDouble(from + i);
        }
      }
    }
  }

  /** Reads {@code count} elements from {@code from} into {@code to}, starting at {@code at}. */
  static void read(Tensor tensor, long from, long[] to, int at, int count) {
    MemorySegment segment = tensor.segment();
    switch (tensor.dtype()) {
      case INT64, UINT64 -> MemorySegment.copy(segment, LONG, from * 8, to, at, count);
      case INT32 -> {
        for (int i = 0; i < count; i++) {
          to[at + i] = segment.get(INT, (from + i) * 4);
        }
      }
      case INT8 -> {
        for (int i = 0; i < count; i++) {
          to[at + i] = segment.get(ValueLayout.JAVA_BYTE, from + i);
        }
      }
      case UINT8 -> {
        for (int i = 0; i < count; i++) {
          to[at + i] = segment.get(ValueLayout.JAVA_BYTE, from + i) & 0xFF;
        }
      }
      default -> {
        for (int i = 0; i < count; i++) {
          to[at + i] = tensor.getLong(from + i);
        }
      }
    }
  }

  /** Writes the first {@code count} values to the elements from {@code to}. */
  static void write(float[] values, Tensor tensor, long to, int count) {
    MemorySegment segment = tensor.segment();
    switch (tensor.dtype()) {
      case FLOAT -> MemorySegment.copy(values, 0, segment, FLOAT, to * 4, count);
      case FLOAT16 -> {
        for (int i = 0; i < count; i++) {
          segment.set(SHORT, (to + i) * 2, Float.floatToFloat16(values[i]));
        }
      }
      case BFLOAT16 -> {
        for (int i = 0; i < count; i++) {
          segment.set(SHORT, (to + i) * 2, SmallFloats.toBFloat16(values[i]));
        }
      }
      default -> {
        for (int i = 0; i < count; i++) {
          tensor.setFloat(to + i, values[i]);
        }
      }
    }
  }

  /** Writes the first {@code count} values to the elements from {@code to}. */
  static void write(double[] values, Tensor tensor, long to, int count) {
    MemorySegment segment = tensor.segment();
    switch (tensor.dtype()) {
      case DOUBLE -> MemorySegment.copy(values, 0, segment, DOUBLE, to * 8, count);
      case FLOAT -> {
        for (int i = 0; i < count; i++) {
          segment.set(FLOAT, (to + i) * 4, (float) values[i]);
        }
      }
      default -> {
        for (int i = 0; i < count; i++) {
          tensor.setDouble(to + i, values[i]);
        }
      }
    }
  }

  /** Writes the first {@code count} values, truncated to the type's bits, from {@code to} on. */
  static void write(long[] values, Tensor tensor, long to, int count) {
    MemorySegment segment = tensor.segment();
    switch (tensor.dtype()) {
      case INT64, UINT64 -> MemorySegment.copy(values, 0, segment, LONG, to * 8, count);
      case INT32, UINT32 -> {
        for (int i = 0; i < count; i++) {
          segment.set(INT, (to + i) * 4, (int) values[i]);
        }
      }
      case INT8, UINT8 -> {
        for (int i = 0; i < count; i++) {
          segment.set(ValueLayout.JAVA_BYTE, to + i, (byte) values[i]);
        }
      }
      default -> {
        for (int i = 0; i < count; i++) {
          tensor.setLong(to + i, values[i]);
        }
      }
    }
  }

  /** Which arrays an element type is computed in. */
  enum Compute {
    FLOATS,
    DOUBLES,
    LONGS,
    OTHER;

    /** Floats narrower than {@code DOUBLE} compute as float, integers and booleans as long. */
    static Compute of(DType dtype) {
      if (dtype == DType.DOUBLE) {
        return DOUBLES;
      }
      if (dtype.isFloat()) {
        return FLOATS;
      }
      return dtype.isInteger() || dtype == DType.BOOL ? LONGS : OTHER;
    }
  }
}
