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
    Tensor tensor = Tensor.allocate(dtype, sampleShape);
    long size = sampleShape.size();
    if (dtype == DType.STRING) {
      for (long i = 0; i < size; i++) {
        tensor.setString(i, text(at(index, i)).getBytes(StandardCharsets.UTF_8));
      }
      return tensor;
    }
    MemorySegment target = tensor.segment();
    boolean swap = order == ByteOrder.BIG_ENDIAN && itemBytes > 1;
    if (!fortran) {
      MemorySegment.copy(data, index * size * itemBytes, target, 0, size * itemBytes);
      if (swap) {
        swap(
            target,
            dtype == DType.COMPLEX64 || dtype == DType.COMPLEX128 ? itemBytes / 2 : itemBytes);
      }
    } else {
      for (long i = 0; i < size; i++) {
        MemorySegment.copy(data, at(index, i), target, i * itemBytes, itemBytes);
      }
      if (swap) {
        swap(
            target,
            dtype == DType.COMPLEX64 || dtype == DType.COMPLEX128 ? itemBytes / 2 : itemBytes);
      }
    }
    return tensor;
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
    Tensor sample = sample(index);
    return dtype.isFloat()
        ? Double.toString(sample.getDouble(0))
        : Long.toString(sample.getLong(0));
  }

  /** All distinct strings, sorted; at most {@code limit} of them. */
  public List<String> distinctTexts(int limit) {
    java.util.TreeSet<String> texts = new java.util.TreeSet<>();
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
