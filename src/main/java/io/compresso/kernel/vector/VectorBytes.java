package io.compresso.kernel.vector;

import io.compresso.tensor.DType;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/** Bytes as floats and back. */
final class VectorBytes {
  static final VectorSpecies<Integer> INTS = IntVector.SPECIES_PREFERRED;
  static final int LANES = INTS.length();

  private static final ByteOrder ORDER = ByteOrder.LITTLE_ENDIAN;
  private static final VectorSpecies<Float> FLOATS = FloatVector.SPECIES_PREFERRED;
  private static final VectorSpecies<Byte> BYTES =
      VectorSpecies.of(byte.class, VectorShape.forBitSize(8 * LANES));
  private static final ValueLayout.OfFloat FLOAT =
      ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private VectorBytes() {}

  /** What a signed byte's bits are masked with, to get the value of {@code type}. */
  static int mask(DType type) {
    return type == DType.UINT8 ? 0xFF : -1;
  }

  /** {@code floats[i] = bytes[i] - zeroPoint} for {@code count} elements. */
  static void widen(
      MemorySegment bytes,
      long bytesAt,
      DType type,
      int zeroPoint,
      MemorySegment floats,
      long floatsAt,
      long count) {
    int mask = mask(type);
    long i = 0;
    for (; i + LANES <= count; i += LANES) {
      IntVector values =
          (IntVector)
              ByteVector.fromMemorySegment(BYTES, bytes, bytesAt + i, ORDER)
                  .convertShape(VectorOperators.B2I, INTS, 0);
      values
          .and(mask)
          .sub(zeroPoint)
          .convertShape(VectorOperators.I2F, FLOATS, 0)
          .reinterpretAsFloats()
          .intoMemorySegment(floats, floatsAt + 4 * i, ORDER);
    }
    for (; i < count; i++) {
      int value = (bytes.get(ValueLayout.JAVA_BYTE, bytesAt + i) & mask) - zeroPoint;
      floats.set(FLOAT, floatsAt + 4 * i, value);
    }
  }

  /** The values of the bytes whose lanes {@code mask} has set, of others 0. */
  static IntVector load(MemorySegment bytes, long at, DType type, VectorMask<Integer> mask) {
    ByteVector narrow =
        mask.allTrue()
            ? ByteVector.fromMemorySegment(BYTES, bytes, at, ORDER)
            : ByteVector.fromMemorySegment(BYTES, bytes, at, ORDER, mask.cast(BYTES));
    return ((IntVector) narrow.convertShape(VectorOperators.B2I, INTS, 0)).and(mask(type));
  }

  /** Stores the low bytes of the lanes that {@code mask} has set. */
  static void store(IntVector values, MemorySegment bytes, long at, VectorMask<Integer> mask) {
    ByteVector narrow = (ByteVector) values.convertShape(VectorOperators.I2B, BYTES, 0);
    if (mask.allTrue()) {
      narrow.intoMemorySegment(bytes, at, ORDER);
    } else {
      narrow.intoMemorySegment(bytes, at, ORDER, mask.cast(BYTES));
    }
  }
}
