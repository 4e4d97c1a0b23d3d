package io.compresso.onnx;

import io.compresso.onnx.WireMessage.Field;
import io.compresso.onnx.WireMessage.Kind;
import io.compresso.onnx.proto.TensorProto;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Walks the wire format of one message before it is parsed: checks that every field lies inside its
 * message, has the encoding that its type says, and that the whole keeps to the limits; and makes a
 * copy in which each tensor's element bytes are replaced by their {@link Span} in the file, so that
 * what the parser puts on the heap is small.
 */
final class WireScanner {
  private static final int VARINT = 0;
  private static final int FIXED64 = 1;
  private static final int DELIMITED = 2;
  private static final int FIXED32 = 5;
  private static final int LENGTH_BYTES = 5;
  private static final int MOST_VARINT_BYTES = 10;
  private static final int MESSAGE_COST = 300;
  private static final int STRING_COST = 72;
  private static final int SCALAR_COST = 16;

  /** The fields of {@link TensorProto} that hold elements, other than strings. */
  private static final Set<Integer> ELEMENT_FIELDS =
      Set.of(
          TensorProto.FLOAT_DATA_FIELD_NUMBER,
          TensorProto.INT32_DATA_FIELD_NUMBER,
          TensorProto.INT64_DATA_FIELD_NUMBER,
          TensorProto.RAW_DATA_FIELD_NUMBER,
          TensorProto.DOUBLE_DATA_FIELD_NUMBER,
          TensorProto.UINT64_DATA_FIELD_NUMBER);

  private final MemorySegment file;
  private final OnnxLimits limits;
  private final byte[] window = new byte[1 << 13];
  private long windowStart;
  private int windowLength;

  /** Behind the number that was read last. */
  private long next;

  private byte[] out = new byte[1024];
  private int size;
  private long cost;

  private WireScanner(MemorySegment file, OnnxLimits limits) {
    this.file = file;
    this.limits = limits;
  }

  /**
   * The message without its tensors' elements.
   *
   * @throws OnnxFormatException if the bytes are not a message of this type
   */
  static byte[] scan(MemorySegment file, WireMessage type, OnnxLimits limits) {
    WireScanner scanner = new WireScanner(file, limits);
    scanner.message(type, 0, file.byteSize(), Trail.FILE, 0);
    return Arrays.copyOf(scanner.out, scanner.size);
  }

  private void message(WireMessage type, long from, long to, Trail trail, int depth) {
    if (depth > limits.depth()) {
      throw new OnnxFormatException(
          trail, from, "messages nest deeper than " + limits.depth() + " levels");
    }
    int[] counts = new int[32];
    long at = from;
    while (at < to) {
      long start = at;
      long tag = varint(at, to, trail);
      at = next;
      long number = tag >>> 3;
      int wire = (int) (tag & 7);
      if (number < 1 || number > 0x1FFF_FFFF) {
        throw new OnnxFormatException(trail, start, "field number " + number + " is not allowed");
      }
      Field field = type.field(number);
      String name = field == null ? "field " + number : field.name();
      int index =
          field != null && field.repeated() && number < counts.length ? counts[(int) number]++ : -1;
      Trail here = trail.at(name, index);
      if (field != null) {
        checkWire(type, field, wire, start, here);
      }
      long length =
          switch (wire) {
            case VARINT -> {
              long _ = varint(at, to, here);
              yield next - at;
            }
            case FIXED64 -> 8;
            case FIXED32 -> 4;
            case DELIMITED -> {
              long prefix = varint(at, to, here);
              at = next;
              yield prefix;
            }
            default ->
                throw new OnnxFormatException(
                    here, start, "wire type " + wire + " is not one of ONNX's");
          };
      if (length < 0 || length > to - at) {
        throw new OnnxFormatException(
            here, start, "needs " + length + " bytes, but " + (to - at) + " are left");
      }
      field(type, field, wire, tag, at, length, here, depth);
      at += length;
    }
  }

  private void field(
      WireMessage type,
      @Nullable Field field,
      int wire,
      long tag,
      long at,
      long length,
      Trail here,
      int depth) {
    if (wire == DELIMITED && field != null && field.message() != null) {
      spend(MESSAGE_COST, at, here);
      putVarint(tag);
      int patch = size;
      size += LENGTH_BYTES;
      ensure(0);
      message(field.message(), at, at + length, here, depth + 1);
      putLength(patch, size - patch - LENGTH_BYTES);
    } else if (wire == DELIMITED && field != null && isElements(type, field)) {
      spend(MESSAGE_COST, at, here);
      putVarint(tag);
      byte[] span = new Span(at, length).toBytes();
      putVarint(span.length);
      ensure(span.length);
      System.arraycopy(span, 0, out, size, span.length);
      size += span.length;
    } else if (wire == DELIMITED) {
      boolean packed = field != null && field.isPackable();
      spend(packed ? length * SCALAR_COST : STRING_COST + length, at, here);
      if (field != null && field.kind() == Kind.STRING) {
        checkText(field, at, length, here);
      }
      putVarint(tag);
      putVarint(length);
      put(at, length);
    } else {
      spend(field == null ? STRING_COST : SCALAR_COST, at, here);
      putVarint(tag);
      put(at, length);
    }
  }

  private static boolean isElements(WireMessage type, Field field) {
    return type == WireMessage.TENSOR && ELEMENT_FIELDS.contains(field.number());
  }

  private static void checkWire(WireMessage type, Field field, int wire, long start, Trail here) {
    boolean fits =
        switch (field.kind()) {
          case MESSAGE, STRING -> wire == DELIMITED;
          // Element lists may also come one by one, in the encoding of one element.
          case BYTES -> wire == DELIMITED || isElements(type, field);
          case FLOAT -> wire == FIXED32 || wire == DELIMITED && field.repeated();
          case NUMBER -> wire == VARINT || wire == DELIMITED && field.repeated();
        };
    if (!fits) {
      throw new OnnxFormatException(here, start, "wire type " + wire + " does not fit the field");
    }
  }

  private void checkText(Field field, long at, long length, Trail here) {
    if (field.name().equals("doc_string")) {
      return;
    }
    if (length <= window.length && isAscii(near(at, length), (int) length)) {
      return;
    }
    byte[] bytes = file.asSlice(at, length).toArray(ValueLayout.JAVA_BYTE);
    try {
      StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes));
    } catch (CharacterCodingException e) {
      throw new OnnxFormatException(here, at, "is not UTF-8 text");
    }
  }

  private boolean isAscii(int from, int length) {
    for (int i = from; i < from + length; i++) {
      if (window[i] < 0) {
        return false;
      }
    }
    return true;
  }

  private void spend(long bytes, long at, Trail here) {
    cost += bytes;
    if (cost > limits.structureBytes()) {
      throw new OnnxFormatException(
          here,
          at,
          "the model's structure takes more than "
              + limits.structureBytes()
              + " bytes of memory, weights aside");
    }
  }

  /** The number at {@code at}; {@link #next} is behind it then. */
  private long varint(long at, long to, Trail trail) {
    long value = 0;
    for (int i = 0; i < MOST_VARINT_BYTES; i++) {
      if (at + i >= to) {
        throw new OnnxFormatException(trail, at, "ends inside a number");
      }
      byte b = window[near(at + i, 1)];
      value |= (long) (b & 0x7F) << (7 * i);
      if (b >= 0) {
        next = at + i + 1;
        return value;
      }
    }
    throw new OnnxFormatException(trail, at, "number takes more than 10 bytes");
  }

  /** Where in {@link #window}, which they fit into, so many bytes of the file are. */
  private int near(long at, long length) {
    if (at < windowStart || at + length > windowStart + windowLength) {
      windowStart = at;
      windowLength = (int) Math.min(window.length, file.byteSize() - at);
      MemorySegment.copy(file, ValueLayout.JAVA_BYTE, at, window, 0, windowLength);
    }
    return (int) (at - windowStart);
  }

  private void putVarint(long value) {
    ensure(10);
    long rest = value;
    while ((rest & ~0x7FL) != 0) {
      out[size++] = (byte) (rest & 0x7F | 0x80);
      rest >>>= 7;
    }
    out[size++] = (byte) rest;
  }

  /** A varint padded to {@link #LENGTH_BYTES}, written when the length is known. */
  private void putLength(int at, int length) {
    for (int i = 0; i < LENGTH_BYTES; i++) {
      out[at + i] = (byte) (length >>> (7 * i) & 0x7F | (i < LENGTH_BYTES - 1 ? 0x80 : 0));
    }
  }

  private void put(long at, long length) {
    int count = Math.toIntExact(length);
    ensure(count);
    if (count > window.length) {
      MemorySegment.copy(file, ValueLayout.JAVA_BYTE, at, out, size, count);
    } else {
      System.arraycopy(window, near(at, length), out, size, count);
    }
    size += count;
  }

  private void ensure(int more) {
    if (size + more > out.length) {
      out = Arrays.copyOf(out, Math.max(size + more, out.length * 2));
    }
  }
}
