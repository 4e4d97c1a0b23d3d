package io.compresso.data.archive;

import io.compresso.data.DataException;
import io.compresso.data.DataException.Code;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;

/** A part of a file, read by position. */
final class ChannelInputStream extends InputStream {
  private final FileChannel channel;
  private final long end;
  private long position;

  ChannelInputStream(FileChannel channel, long offset, long size) {
    this.channel = channel;
    this.position = offset;
    this.end = offset + size;
  }

  @Override
  public int read() throws IOException {
    byte[] one = new byte[1];
    return read(one, 0, 1) < 0 ? -1 : one[0] & 0xFF;
  }

  @Override
  public int read(byte[] bytes, int from, int length) throws IOException {
    if (length == 0) {
      return 0;
    }
    if (position >= end) {
      return -1;
    }
    int wanted = (int) Math.min(length, end - position);
    int got = channel.read(ByteBuffer.wrap(bytes, from, wanted), position);
    if (got < 0) {
      throw new DataException(Code.MALFORMED, "byte " + position, "the file ends too early");
    }
    position += got;
    return got;
  }
}
