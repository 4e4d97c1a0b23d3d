package io.compresso.onnx;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.util.IdentityHashMap;
import java.util.Map;

/** Writes tensors one after the other into the file that holds a model's external data. */
final class DataWriter {
  /** Where tensors begin, so that readers can map them. */
  private static final long ALIGNMENT = 4096;

  private static final long CHUNK = 1L << 28;

  private final FileChannel channel;
  private final String location;
  private final long threshold;
  private final Map<MemorySegment, Long> offsets = new IdentityHashMap<>();

  DataWriter(FileChannel channel, String location, long threshold) {
    this.channel = channel;
    this.location = location;
    this.threshold = threshold;
  }

  String location() {
    return location;
  }

  boolean takes(long bytes) {
    return bytes >= threshold;
  }

  /** The offset at which the bytes now lie. */
  long write(MemorySegment data) throws IOException {
    Long known = offsets.get(data);
    if (known != null) {
      return known;
    }
    long start = (channel.position() + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    channel.position(start);
    for (long at = 0; at < data.byteSize(); at += CHUNK) {
      ByteBuffer chunk = data.asSlice(at, Math.min(CHUNK, data.byteSize() - at)).asByteBuffer();
      while (chunk.hasRemaining()) {
        channel.write(chunk);
      }
    }
    offsets.put(data, start);
    return start;
  }
}
