package io.compresso.kernel.vector;

import io.compresso.tensor.DType;
import io.compresso.tensor.SmallFloats;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/** Elements of a float type as floats in an array, whose length is a multiple of registers. */
final class FloatBlock {
  static final VectorSpecies<Float> SPECIES = FloatVector.SPECIES_PREFERRED;

  /** Elements of a block. */
  static final int LENGTH = 1024;

  private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED;
  private static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT_UNALIGNED;

  private FloatBlock() {}

  /** An array for {@code count} elements. */
  static float[] of(long count) {
    return new float[Math.toIntExact(roundUp(count))];
  }

  /** The least multiple of a register's length that is not less. */
  static long roundUp(long count) {
    return Math.ceilDiv(count, SPECIES.length()) * SPECIES.length();
  }

  static FloatVector load(float[] block, int at) {
    return FloatVector.fromArray(SPECIES, block, at);
  }

  /** Reads {@code count} elements from element {@code at} on. */
  static void read(DType type, MemorySegment from, long at, float[] to, int count) {
    if (type == DType.FLOAT) {
      MemorySegment.copy(from, FLOAT, 4 * at, to, 0, count);
      return;
    }
    for (int i = 0; i < count; i++) {
      short bits = from.get(SHORT, 2 * (at + i));
      to[i] = type == DType.FLOAT16 ? Float.float16ToFloat(bits) : SmallFloats.fromBFloat16(bits);
    }
  }

  /** Reads one element. */
  static float read(DType type, MemorySegment from, long at) {
    return switch (type) {
      case FLOAT -> from.get(FLOAT, 4 * at);
      case FLOAT16 -> Float.float16ToFloat(from.get(SHORT, 2 * at));
      default -> SmallFloats.fromBFloat16(from.get(SHORT, 2 * at));
    };
  }

  /** Writes {@code count} elements from element {@code at} on. */
  static void write(DType type, float[] from, MemorySegment to, long at, int count) {
    if (type == DType.FLOAT) {
      MemorySegment.copy(from, 0, to, FLOAT, 4 * at, count);
      return;
    }
    for (int i = 0; i < count; i++) {
      short bits =
          type == DType.FLOAT16 ? Float.floatToFloat16(from[i]) : SmallFloats.toBFloat16(from[i]);
      to.set(SHORT, 2 * (at + i), bits);
    }
  }
}
