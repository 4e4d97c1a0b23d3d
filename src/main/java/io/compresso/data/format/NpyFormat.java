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
import java.util.Arrays;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * NumPy's NPY format, versions 1 to 3. Arrays of objects are refused: they are Python pickles,
 * which are programs.
 */
public final class NpyFormat {
  private static final byte[] MAGIC = {(byte) 0x93, 'N', 'U', 'M', 'P', 'Y'};
  private static final int MAX_HEADER = 1 << 16;
  private static final Pattern DESCR =
      Pattern.compile("['\"]descr['\"]\\s*:\\s*['\"]([<>|=])?([a-zA-Z])(\\d*)['\"]");
  private static final Pattern FORTRAN =
      Pattern.compile("['\"]fortran_order['\"]\\s*:\\s*(True|False)");
  private static final Pattern SHAPE =
      Pattern.compile("['\"]shape['\"]\\s*:\\s*\\(([\\d,\\sL]*)\\)");

  private NpyFormat() {}

  /** Whether a file begins like an NPY file. */
  public static boolean matches(byte[] head) {
    return head.length >= MAGIC.length
        && Arrays.equals(head, 0, MAGIC.length, MAGIC, 0, MAGIC.length);
  }

  /**
   * The array in a file, of at least one dimension.
   *
   * @param name what to call the file in messages
   */
  public static ArrayData read(String name, MemorySegment file) {
    ArrayData array = readAny(name, file);
    if (array.shape().rank() == 0) {
      throw malformed(name, 8, "is a scalar; a data set needs a dimension of samples");
    }
    return array;
  }

  /** The tensor in a file. */
  public static Tensor readTensor(String name, MemorySegment file) {
    ArrayData array = readAny(name, file);
    // As the only sample of a set: a leading dimension of 1 changes neither order of elements.
    return new ArrayData(
            name,
            array.dtype(),
            prepend(array.shape()),
            array.data(),
            array.itemBytes(),
            array.order(),
            array.fortran(),
            array.unicode())
        .sample(0);
  }

  private static Shape prepend(Shape shape) {
    long[] dims = new long[shape.rank() + 1];
    dims[0] = 1;
    System.arraycopy(shape.dims(), 0, dims, 1, shape.rank());
    return Shape.of(dims);
  }

  /**
   * What an NPY file, version 1, holds before the elements of a tensor.
   *
   * @throws IllegalArgumentException if NumPy has no such element type
   */
  public static byte[] header(DType dtype, Shape shape) {
    String code =
        switch (dtype) {
          case BOOL -> "|b1";
          case INT8 -> "|i1";
          case UINT8 -> "|u1";
          case INT16, INT32, INT64 -> "<i" + dtype.bits() / 8;
          case UINT16, UINT32, UINT64 -> "<u" + dtype.bits() / 8;
          case FLOAT16, FLOAT, DOUBLE -> "<f" + dtype.bits() / 8;
          case COMPLEX64 -> "<c8";
          case COMPLEX128 -> "<c16";
          default -> throw new IllegalArgumentException("NPY has no element type " + dtype);
        };
    StringBuilder dims = new StringBuilder();
    for (long dim : shape.dims()) {
      dims.append(dim).append(',');
    }
    String text = "{'descr': '%s', 'fortran_order': False, 'shape': (%s), }".formatted(code, dims);
    int length = (MAGIC.length + 4 + text.length() + 1 + 63) / 64 * 64;
    byte[] header = new byte[length];
    Arrays.fill(header, (byte) ' ');
    System.arraycopy(MAGIC, 0, header, 0, MAGIC.length);
    header[6] = 1;
    header[7] = 0;
    header[8] = (byte) (length - 10);
    header[9] = (byte) ((length - 10) >> 8);
    System.arraycopy(text.getBytes(StandardCharsets.US_ASCII), 0, header, 10, text.length());
    header[length - 1] = '\n';
    return header;
  }

  private static ArrayData readAny(String name, MemorySegment file) {
    if (file.byteSize() < 10 || !matches(file.asSlice(0, 10).toArray(ValueLayout.JAVA_BYTE))) {
      throw malformed(name, 0, "is not an NPY file");
    }
    int version = file.get(ValueLayout.JAVA_BYTE, 6);
    if (version < 1 || version > 3) {
      throw malformed(name, 6, "has the unknown NPY version " + version);
    }
    int prefix = version == 1 ? 10 : 12;
    if (file.byteSize() < prefix) {
      throw malformed(name, file.byteSize(), "ends in its header");
    }
    long length =
        version == 1
            ? Short.toUnsignedLong(
                file.get(ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN), 8))
            : Integer.toUnsignedLong(
                file.get(ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN), 8));
    if (length > MAX_HEADER || prefix + length > file.byteSize()) {
      throw malformed(name, 8, "has a header of " + length + " bytes, more than there can be");
    }
    String header =
        new String(
            file.asSlice(prefix, length).toArray(ValueLayout.JAVA_BYTE), StandardCharsets.UTF_8);
    return parse(name, header, file.asSlice(prefix + length), prefix);
  }

  private static ArrayData parse(String name, String header, MemorySegment data, int position) {
    Matcher descr = DESCR.matcher(header);
    Matcher fortran = FORTRAN.matcher(header);
    Matcher dims = SHAPE.matcher(header);
    if (!descr.find()) {
      throw malformed(name, position, "has no plain element type; structured arrays are not read");
    }
    if (!fortran.find() || !dims.find()) {
      throw malformed(name, position, "has a header without fortran_order or shape");
    }
    char kind = descr.group(2).charAt(0);
    int size = descr.group(3).isEmpty() ? 0 : parseSize(name, position, descr.group(3));
    if (kind == 'O') {
      throw malformed(
          name, position, "holds Python objects, which are not read; save a numeric array");
    }
    boolean text = kind == 'S' || kind == 'U';
    DType dtype = text ? DType.STRING : dtype(kind, size);
    if (dtype == null || (text && size == 0)) {
      throw malformed(
          name,
          position,
          "has the element type '" + kind + descr.group(3) + "', which is not read");
    }
    int itemBytes = kind == 'U' ? 4 * size : size;
    Shape shape = shape(name, position, dims.group(1));
    long bytes;
    try {
      bytes = Math.multiplyExact(shape.size(), itemBytes);
    } catch (ArithmeticException e) {
      throw malformed(name, position, "has dimensions that overflow: " + shape);
    }
    if (bytes != data.byteSize()) {
      throw malformed(
          name,
          position,
          "holds %d bytes of elements where its shape %s needs %d"
              .formatted(data.byteSize(), shape, bytes));
    }
    ByteOrder order = ">".equals(descr.group(1)) ? ByteOrder.BIG_ENDIAN : ByteOrder.LITTLE_ENDIAN;
    boolean columnMajor = fortran.group(1).equals("True") && shape.rank() > 1;
    return new ArrayData(name, dtype, shape, data, itemBytes, order, columnMajor, kind == 'U');
  }

  private static int parseSize(String name, int position, String digits) {
    if (digits.length() > 6) {
      throw malformed(name, position, "has elements of " + digits + " bytes");
    }
    return Integer.parseInt(digits);
  }

  private static Shape shape(String name, int position, String text) {
    String[] parts =
        Arrays.stream(text.split(","))
            .map(part -> part.replace("L", "").strip())
            .filter(part -> !part.isEmpty())
            .toArray(String[]::new);
    try {
      return Shape.of(Arrays.stream(parts).mapToLong(Long::parseLong).toArray());
    } catch (IllegalArgumentException e) {
      throw malformed(name, position, "has an impossible shape (" + text + ")");
    }
  }

  private static @Nullable DType dtype(char kind, int size) {
    return switch (kind) {
      case 'b' -> size == 1 ? DType.BOOL : null;
      case 'i' ->
          switch (size) {
            case 1 -> DType.INT8;
            case 2 -> DType.INT16;
            case 4 -> DType.INT32;
            case 8 -> DType.INT64;
            default -> null;
          };
      case 'u' ->
          switch (size) {
            case 1 -> DType.UINT8;
            case 2 -> DType.UINT16;
            case 4 -> DType.UINT32;
            case 8 -> DType.UINT64;
            default -> null;
          };
      case 'f' ->
          switch (size) {
            case 2 -> DType.FLOAT16;
            case 4 -> DType.FLOAT;
            case 8 -> DType.DOUBLE;
            default -> null;
          };
      case 'c' ->
          switch (size) {
            case 8 -> DType.COMPLEX64;
            case 16 -> DType.COMPLEX128;
            default -> null;
          };
      default -> null;
    };
  }

  private static DataException malformed(String name, long position, String message) {
    return new DataException(Code.MALFORMED, name + " at byte " + position, message);
  }
}
