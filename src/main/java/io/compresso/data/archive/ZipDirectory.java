package io.compresso.data.archive;

import io.compresso.data.DataException;
import io.compresso.data.DataException.Code;
import io.compresso.data.DataLimits;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * Checks of a zip archive's central directory that need no memory in proportion to it, before
 * {@code ZipFile} loads it: the count of entries, links and encryption (APPNOTE.TXT 4.3 and 4.4).
 */
final class ZipDirectory {
  private static final int END_SIGNATURE = 0x06054b50;
  private static final int END64_SIGNATURE = 0x06064b50;
  private static final int LOCATOR64_SIGNATURE = 0x07064b50;
  private static final int ENTRY_SIGNATURE = 0x02014b50;
  private static final int END_SIZE = 22;
  private static final int ENTRY_SIZE = 46;
  private static final int WINDOW = 1 << 16;

  private ZipDirectory() {}

  static void check(Path path, DataLimits limits) throws IOException {
    try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
      long[] place = locate(channel);
      scan(channel, place[0], place[1], limits);
    }
  }

  /** The offset and size of the central directory. */
  private static long[] locate(FileChannel channel) throws IOException {
    long size = channel.size();
    int tail = (int) Math.min(size, END_SIZE + 0xFFFF);
    ByteBuffer bytes = read(channel, size - tail, tail);
    for (int at = tail - END_SIZE; at >= 0; at--) {
      if (bytes.getInt(at) == END_SIGNATURE
          && at + END_SIZE + Short.toUnsignedInt(bytes.getShort(at + 20)) <= tail) {
        long length = Integer.toUnsignedLong(bytes.getInt(at + 12));
        long offset = Integer.toUnsignedLong(bytes.getInt(at + 16));
        long end = size - tail + at;
        if (length == 0xFFFFFFFFL || offset == 0xFFFFFFFFL) {
          return locate64(channel, end);
        }
        return place(offset, length, end);
      }
    }
    throw malformed("it has no end-of-directory record: truncated, or not a zip archive");
  }

  private static long[] locate64(FileChannel channel, long end) throws IOException {
    if (end < 20) {
      throw malformed("its zip64 directory is missing");
    }
    ByteBuffer locator = read(channel, end - 20, 20);
    long record = locator.getLong(8);
    if (locator.getInt(0) != LOCATOR64_SIGNATURE || record < 0 || record > end - 56) {
      throw malformed("its zip64 directory is missing");
    }
    ByteBuffer end64 = read(channel, record, 56);
    if (end64.getInt(0) != END64_SIGNATURE) {
      throw malformed("its zip64 directory is missing");
    }
    return place(end64.getLong(48), end64.getLong(40), record);
  }

  private static long[] place(long offset, long length, long end) {
    if (offset < 0 || length < 0 || length > end) {
      throw malformed("its directory lies outside the file");
    }
    return new long[] {end - length, length};
  }

  private static void scan(FileChannel channel, long offset, long length, DataLimits limits)
      throws IOException {
    long at = offset;
    long end = offset + length;
    long count = 0;
    ByteBuffer window = ByteBuffer.allocate(0);
    long start = at;
    while (at < end) {
      if (window.limit() < at - start + ENTRY_SIZE + 2 * 1024) {
        start = at;
        window = read(channel, start, (int) Math.min(WINDOW, end - at));
      }
      int base = (int) (at - start);
      if (window.limit() < base + ENTRY_SIZE || window.getInt(base) != ENTRY_SIGNATURE) {
        throw malformed("its directory is damaged at byte " + at);
      }
      EntryNames.requireCount(++count, limits);
      int nameLength = Short.toUnsignedInt(window.getShort(base + 28));
      String name =
          new String(
              window.array(),
              base + ENTRY_SIZE,
              Math.max(0, Math.min(nameLength, window.limit() - base - ENTRY_SIZE)),
              StandardCharsets.UTF_8);
      if ((window.getShort(base + 8) & 1) != 0) {
        throw EntryNames.unsafe(name, "the entry is encrypted");
      }
      int unixType = window.getInt(base + 38) >>> 28;
      boolean unix = window.get(base + 5) == 3;
      if (unix && unixType == 0xA) {
        throw EntryNames.unsafe(name, "links are not followed; pack files only");
      }
      at +=
          ENTRY_SIZE
              + nameLength
              + Short.toUnsignedInt(window.getShort(base + 30))
              + Short.toUnsignedInt(window.getShort(base + 32));
    }
  }

  private static ByteBuffer read(FileChannel channel, long position, int length)
      throws IOException {
    ByteBuffer buffer = ByteBuffer.allocate(length).order(ByteOrder.LITTLE_ENDIAN);
    while (buffer.hasRemaining()) {
      if (channel.read(buffer, position + buffer.position()) < 0) {
        throw malformed("it is truncated");
      }
    }
    return buffer.flip();
  }

  private static DataException malformed(String message) {
    return new DataException(Code.MALFORMED, "zip archive", message);
  }
}
