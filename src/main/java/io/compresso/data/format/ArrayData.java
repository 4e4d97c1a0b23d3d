package io.compresso.data.format;

import io.compresso.data.DataException;
import io.compresso.data.DataException.Code;
import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;

/**
 * An array whose first dimension counts samples, in mapped memory.
 *
 * @param name what to call it in messages
 * @param shape all dimensions; the first is the number of samples
 * @param data the elements, exactly as many bytes as they take
 * @param itemBytes bytes of one element
 * @param unicode for strings, whether an element is UTF-32 rather than bytes
 */
public record ArrayData(
    String name,
    DType dtype,
    Shape shape,
    MemorySegment data,
    int itemBytes,
    ByteOrder order,
    boolean fortran,
    boolean unicode) {
  private static final ValueLayout.OfByte BYTE = ValueLayout.JAVA_BYTE;
  private static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT_UNALIGNED;
  private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED;
  private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED;

  /** A C-order array of fixed-size elements. */
  public static ArrayData of(
      String name, DType dtype, Shape shape, MemorySegment data, ByteOrder order) {
    return new ArrayData(name, dtype, shape, data, dtype.bits() / 8, order, false, false);
  }

  /** The number of samples. */
  public long count() {
    return shape.dim(0);
  }

  /** The shape of one sample. */
  public Shape sampleShape() {
    long[] dims = shape.dims();
    long[] rest = new long[dims.length - 1];
    System.arraycopy(dims, 1, rest, 0, rest.length);
    return Shape.of(rest);
  }

  /** Sample {@code index} as a tensor, a copy. */
  public Tensor sample(long index) {
    Shape sampleShape = sampleShape();
    Tensor tensor = Tensor.allocateBriefly(dtype, sampleShape);
    long size = sampleShape.size();
    if (dtype == DType.STRING) {
      for (long i = 0; i < size; i++) {
        tensor.setString(i, text(at(index, i)).getBytes(StandardCharsets.UTF_8));
      }
      return tensor;
    }
    MemorySegment target = tensor.segment();
    if (!fortran) {
      MemorySegment.copy(data, index * size * itemBytes, target, 0, size * itemBytes);
    } else {
      for (long i = 0; i < size; i++) {
        MemorySegment.copy(data, at(index, i), target, i * itemBytes, itemBytes);
      }
    }
    if (order == ByteOrder.BIG_ENDIAN && itemBytes > 1) {
      boolean pairs = dtype == DType.COMPLEX64 || dtype == DType.COMPLEX128;
      swap(target, pairs ? itemBytes / 2 : itemBytes);
    }
    return tensor;
  }

  /**
   * Element {@code i}, in row-major order, of sample {@code index}; of strings and complex numbers
   * there is none.
   */
  double numberAt(long index, long i) {
    long at = at(index, i);
    return switch (dtype) {
      case UINT8 -> data.get(BYTE, at) & 0xFF;
      case INT8 -> data.get(BYTE, at);
      case BOOL -> data.get(BYTE, at) == 0 ? 0 : 1;
      case INT16 -> data.get(SHORT.withOrder(order), at);
      case UINT16 -> Short.toUnsignedInt(data.get(SHORT.withOrder(order), at));
      case INT32 -> data.get(INT.withOrder(order), at);
      case UINT32 -> Integer.toUnsignedLong(data.get(INT.withOrder(order), at));
      case INT64 -> data.get(LONG.withOrder(order), at);
      case UINT64 -> {
        long bits = data.get(LONG.withOrder(order), at);
        yield bits >= 0 ? bits : (bits >>> 1 | bits & 1) * 2.0;
      }
      case FLOAT16 -> Float.float16ToFloat(data.get(SHORT.withOrder(order), at));
      case FLOAT -> Float.intBitsToFloat(data.get(INT.withOrder(order), at));
      case DOUBLE -> Double.longBitsToDouble(data.get(LONG.withOrder(order), at));
      default -> throw new IllegalStateException(dtype + " has no real elements");
    };
  }

  private static void swap(MemorySegment bytes, int width) {
    for (long at = 0; at < bytes.byteSize(); at += width) {
      for (int i = 0; i < width / 2; i++) {
        byte low = bytes.get(BYTE, at + i);
        bytes.set(BYTE, at + i, bytes.get(BYTE, at + width - 1 - i));
        bytes.set(BYTE, at + width - 1 - i, low);
      }
    }
  }

  /** The byte offset of element {@code i}, in row-major order, of sample {@code index}. */
  private long at(long index, long i) {
    if (!fortran) {
      return (index * sampleShape().size() + i) * itemBytes;
    }
    long offset = index;
    long stride = shape.dim(0);
    long rest = i;
    long[] coordinates = new long[shape.rank()];
    for (int axis = shape.rank() - 1; axis >= 1; axis--) {
      coordinates[axis] = rest % shape.dim(axis);
      rest /= shape.dim(axis);
    }
    for (int axis = 1; axis < shape.rank(); axis++) {
      offset += coordinates[axis] * stride;
      stride *= shape.dim(axis);
    }
    return offset * itemBytes;
  }

  /** The string at a byte offset, without the zeros that fill it up. */
  private String text(long offset) {
    StringBuilder text = new StringBuilder();
    if (unicode) {
      ValueLayout.OfInt layout = ValueLayout.JAVA_INT_UNALIGNED.withOrder(order);
      for (int i = 0; i < itemBytes; i += 4) {
        int point = data.get(layout, offset + i);
        if (point == 0) {
          break;
        }
        if (!Character.isValidCodePoint(point)) {
          throw new DataException(Code.MALFORMED, name, "holds an invalid character " + point);
        }
        text.appendCodePoint(point);
      }
      return text.toString();
    }
    int length = itemBytes;
    while (length > 0 && data.get(BYTE, offset + length - 1) == 0) {
      length--;
    }
    return new String(data.asSlice(offset, length).toArray(BYTE), StandardCharsets.UTF_8);
  }

  /** The strings of a one-dimensional array of strings, or the numbers as text. */
  public String textAt(long index) {
    if (dtype == DType.STRING) {
      return text(at(index, 0));
    }
    double number = numberAt(index, 0);
    return dtype.isFloat() ? Double.toString(number) : Long.toString((long) number);
  }

  /** All distinct strings, sorted; at most {@code limit} of them. */
  public List<String> distinctTexts(int limit) {
    TreeSet<String> texts = new TreeSet<>();
    for (long i = 0; i < count(); i++) {
      texts.add(textAt(i));
      if (texts.size() > limit) {
        throw new DataException(
            Code.LIMIT_EXCEEDED, name, "has more than " + limit + " distinct labels");
      }
    }
    return new ArrayList<>(texts);
  }
}
