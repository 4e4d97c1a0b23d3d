package io.compresso.data.format;

import io.compresso.data.DataException;
import io.compresso.data.DataException.Code;
import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * The IDX format of the MNIST files: two zero bytes, an element type, the number of dimensions,
 * these as big-endian 32-bit integers, then the elements, big-endian.
 */
public final class IdxFormat {
  private static final int MAX_RANK = 8;

  private IdxFormat() {}

  /** Whether a file begins like an IDX file. */
  public static boolean matches(byte[] head) {
    return head.length >= 8
        && head[0] == 0
        && head[1] == 0
        && dtypeOrNull(head[2]) != null
        && head[3] >= 1
        && head[3] <= MAX_RANK;
  }

  private static @org.jspecify.annotations.Nullable DType dtypeOrNull(int code) {
    return switch (code) {
      case 0x08 -> DType.UINT8;
      case 0x09 -> DType.INT8;
      case 0x0B -> DType.INT16;
      case 0x0C -> DType.INT32;
      case 0x0D -> DType.FLOAT;
      case 0x0E -> DType.DOUBLE;
      default -> null;
    };
  }

  /**
   * The array in a file.
   *
   * @param name what to call the file in messages
   */
  public static ArrayData read(String name, MemorySegment file) {
    if (file.byteSize() < 4
        || file.get(ValueLayout.JAVA_BYTE, 0) != 0
        || file.get(ValueLayout.JAVA_BYTE, 1) != 0) {
      throw malformed(name, 0, "is not an IDX file: it does not begin with two zero bytes");
    }
    int code = file.get(ValueLayout.JAVA_BYTE, 2);
    DType dtype = dtypeOrNull(code);
    if (dtype == null) {
      throw malformed(name, 2, "has the unknown element type " + code);
    }
    int rank = file.get(ValueLayout.JAVA_BYTE, 3);
    if (rank < 1 || rank > MAX_RANK) {
      throw malformed(name, 3, "has " + rank + " dimensions");
    }
    long header = 4 + 4L * rank;
    if (file.byteSize() < header) {
      throw malformed(name, file.byteSize(), "ends in its header");
    }
    long[] dims = new long[rank];
    for (int i = 0; i < rank; i++) {
      dims[i] =
          Integer.toUnsignedLong(
              file.get(ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN), 4 + 4L * i));
    }
    Shape shape;
    long bytes;
    try {
      shape = Shape.of(dims);
      bytes = dtype.bytes(shape.size());
    } catch (IllegalArgumentException | ArithmeticException e) {
      throw malformed(name, 4, "has dimensions that overflow: " + Arrays.toString(dims));
    }
    if (bytes != file.byteSize() - header) {
      throw malformed(
          name,
          header,
          "holds %d bytes of elements where its dimensions %s need %d"
              .formatted(file.byteSize() - header, shape, bytes));
    }
    return ArrayData.of(name, dtype, shape, file.asSlice(header), ByteOrder.BIG_ENDIAN);
  }

  private static DataException malformed(String name, long position, String message) {
    return new DataException(Code.MALFORMED, name + " at byte " + position, message);
  }
}
