package io.compresso.onnx;

import com.google.protobuf.ByteString;
import com.google.protobuf.Descriptors.Descriptor;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Message;
import io.compresso.onnx.proto.TensorProto;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Writes a message whose tensors' raw data are marks that stand for off-heap memory, and puts that
 * memory in their place: the elements never lie on the heap. The inverse of {@link WireScanner}.
 */
final class WireWriter {
  private static final int MARK_BYTES = 32;
  private static final int NONCE_BYTES = 24;
  private static final int DELIMITED = 2;

  /** Takes the bytes in order. */
  interface Sink {
    void write(MemorySegment bytes) throws IOException;
  }

  /** What a model may not guess, so that no raw data of its own looks like a mark. */
  private final byte[] nonce = new byte[NONCE_BYTES];

  private final List<MemorySegment> elements = new ArrayList<>();

  WireWriter() {
    new SecureRandom().nextBytes(nonce);
  }

  /** A mark that stands for the bytes of {@code segment}. */
  ByteString mark(MemorySegment segment) {
    elements.add(segment);
    byte[] mark = Arrays.copyOf(nonce, MARK_BYTES);
    ByteBuffer.wrap(mark).putInt(NONCE_BYTES, elements.size() - 1);
    return ByteString.copyFrom(mark);
  }

  /** A message with its marks, ready to be written. */
  final class Prepared {
    private final MemorySegment structure;
    private final Descriptor type;
    private final List<Long> sizes = new ArrayList<>();
    private final long size;
    private int nextSize;

    private Prepared(Message message) {
      this.structure = MemorySegment.ofArray(message.toByteArray());
      this.type = message.getDescriptorForType();
      this.size = measure(type, 0, structure.byteSize());
    }

    /** The number of bytes that will be written. */
    long size() {
      return size;
    }

    /** The size of a message's content when its marks are replaced; parents before children. */
    private long measure(Descriptor message, long from, long to) {
      long total = 0;
      Cursor cursor = new Cursor(message, from, to);
      while (cursor.next()) {
        if (cursor.isMessage()) {
          int place = sizes.size();
          sizes.add(0L);
          long content = measure(cursor.messageType(), cursor.content, cursor.end);
          sizes.set(place, content);
          total += cursor.prefix - cursor.start + varintSize(content) + content;
        } else if (cursor.element != null) {
          long content = cursor.element.byteSize();
          total += cursor.prefix - cursor.start + varintSize(content) + content;
        } else {
          total += cursor.end - cursor.start;
        }
      }
      return total;
    }

    void writeTo(Sink sink) throws IOException {
      nextSize = 0;
      write(type, 0, structure.byteSize(), sink);
    }

    private void write(Descriptor message, long from, long to, Sink sink) throws IOException {
      Cursor cursor = new Cursor(message, from, to);
      while (cursor.next()) {
        if (cursor.isMessage()) {
          sink.write(structure.asSlice(cursor.start, cursor.prefix - cursor.start));
          sink.write(varint(sizes.get(nextSize++)));
          write(cursor.messageType(), cursor.content, cursor.end, sink);
        } else if (cursor.element != null) {
          sink.write(structure.asSlice(cursor.start, cursor.prefix - cursor.start));
          sink.write(varint(cursor.element.byteSize()));
          sink.write(cursor.element);
        } else {
          sink.write(structure.asSlice(cursor.start, cursor.end - cursor.start));
        }
      }
    }

    /** Steps through the fields of a message that this program has written itself. */
    private final class Cursor {
      private final Descriptor message;
      private final long to;
      private long start;
      private long prefix;
      private long content;
      private long end;
      private @Nullable FieldDescriptor field;
      private @Nullable MemorySegment element;

      Cursor(Descriptor message, long from, long to) {
        this.message = message;
        this.to = to;
        this.end = from;
      }

      boolean next() {
        if (end >= to) {
          return false;
        }
        start = end;
        end = start;
        long tag = readVarint();
        int wire = (int) (tag & 7);
        prefix = end;
        field = null;
        element = null;
        switch (wire) {
          case 0 -> readVarint();
          case 1 -> end += 8;
          case DELIMITED -> {
            long length = readVarint();
            content = end;
            end += length;
            field = message.findFieldByNumber((int) (tag >>> 3));
            element = elementAt(field, length);
          }
          default -> end += 4;
        }
        return true;
      }

      boolean isMessage() {
        return field != null && field.getType() == FieldDescriptor.Type.MESSAGE;
      }

      Descriptor messageType() {
        if (field == null) {
          throw new IllegalStateException("no field");
        }
        return field.getMessageType();
      }

      private @Nullable MemorySegment elementAt(@Nullable FieldDescriptor candidate, long length) {
        if (candidate == null
            || length != MARK_BYTES
            || candidate.getNumber() != TensorProto.RAW_DATA_FIELD_NUMBER
            || candidate.getContainingType() != TensorProto.getDescriptor()) {
          return null;
        }
        byte[] bytes = structure.asSlice(content, length).toArray(ValueLayout.JAVA_BYTE);
        return Arrays.equals(bytes, 0, NONCE_BYTES, nonce, 0, NONCE_BYTES)
            ? elements.get(ByteBuffer.wrap(bytes).getInt(NONCE_BYTES))
            : null;
      }

      private long readVarint() {
        long value = 0;
        for (int shift = 0; ; shift += 7) {
          byte b = structure.get(ValueLayout.JAVA_BYTE, end++);
          value |= (long) (b & 0x7F) << shift;
          if (b >= 0) {
            return value;
          }
        }
      }
    }
  }

  Prepared prepare(Message message) {
    return new Prepared(message);
  }

  private static int varintSize(long value) {
    return Math.max(1, (70 - Long.numberOfLeadingZeros(value)) / 7);
  }

  private static MemorySegment varint(long value) {
    byte[] bytes = new byte[varintSize(value)];
    long rest = value;
    for (int i = 0; i < bytes.length; i++) {
      bytes[i] = (byte) (rest & 0x7F | (i < bytes.length - 1 ? 0x80 : 0));
      rest >>>= 7;
    }
    return MemorySegment.ofArray(bytes);
  }
}
