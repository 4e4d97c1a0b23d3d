package io.compresso.onnx;

import com.google.protobuf.ByteString;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** A range of a file's bytes, as {@link WireScanner} leaves it in place of a tensor's elements. */
record Span(long offset, long length) {
  byte[] toBytes() {
    return ByteBuffer.allocate(16)
        .order(ByteOrder.LITTLE_ENDIAN)
        .putLong(offset)
        .putLong(length)
        .array();
  }

  static Span of(ByteString bytes) {
    ByteBuffer buffer = bytes.asReadOnlyByteBuffer().order(ByteOrder.LITTLE_ENDIAN);
    return new Span(buffer.getLong(), buffer.getLong());
  }
}
