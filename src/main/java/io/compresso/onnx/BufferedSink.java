package io.compresso.onnx;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;

/** Gathers small pieces before they go to a channel; large ones go straight. */
final class BufferedSink implements WireWriter.Sink {
  private static final long CHUNK = 1L << 28;

  private final WritableByteChannel channel;
  private final ByteBuffer buffer = ByteBuffer.allocateDirect(1 << 16);

  BufferedSink(WritableByteChannel channel) {
    this.channel = channel;
  }

  @Override
  public void write(MemorySegment bytes) throws IOException {
    if (bytes.byteSize() > buffer.remaining()) {
      flush();
    }
    if (bytes.byteSize() <= buffer.remaining()) {
      buffer.put(bytes.asByteBuffer());
      return;
    }
    for (long at = 0; at < bytes.byteSize(); at += CHUNK) {
      ByteBuffer chunk = bytes.asSlice(at, Math.min(CHUNK, bytes.byteSize() - at)).asByteBuffer();
      while (chunk.hasRemaining()) {
        channel.write(chunk);
      }
    }
  }

  void flush() throws IOException {
    buffer.flip();
    while (buffer.hasRemaining()) {
      channel.write(buffer);
    }
    buffer.clear();
  }
}
