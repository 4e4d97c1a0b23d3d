package io.compresso.data.archive;

import io.compresso.data.DataException;
import io.compresso.data.DataException.Code;
import io.compresso.data.DataLimits;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * A tar archive (POSIX ustar and pax, GNU long names) whose entries are read from their offsets.
 * Links, devices and sparse files are refused.
 */
public final class TarArchive implements Archive {
  private static final int BLOCK = 512;
  private static final int MAX_HEADER_BYTES = 1 << 20;

  private final FileChannel channel;
  private final List<Entry> entries;

  private TarArchive(FileChannel channel, List<Entry> entries) {
    this.channel = channel;
    this.entries = entries;
  }

  /**
   * Reads all headers.
   *
   * @throws DataException if the archive is damaged, hostile or too large
   */
  public static TarArchive open(Path path, DataLimits limits) throws IOException {
    FileChannel channel = FileChannel.open(path, StandardOpenOption.READ);
    try {
      return new TarArchive(channel, new Scanner(channel, limits).scan());
    } catch (IOException | RuntimeException e) {
      channel.close();
      throw e;
    }
  }

  /** Whether the first 512 bytes of a file are a tar header. */
  public static boolean matches(byte[] head) {
    if (head.length < BLOCK || head[0] == 0) {
      return false;
    }
    try {
      return octal(head, 148, 8, 0) == checksum(head);
    } catch (DataException _) {
      return false;
    }
  }

  @Override
  public List<Entry> entries() {
    return entries;
  }

  @Override
  public InputStream open(Entry entry) {
    return new ChannelInputStream(channel, entry.offset(), entry.size());
  }

  @Override
  public FileChannel file(Entry entry) {
    return channel;
  }

  @Override
  public void close() {
    try {
      channel.close();
    } catch (IOException e) {
      throw new DataException(Code.IO, "", "the archive could not be closed", e);
    }
  }

  private static long checksum(byte[] header) {
    long sum = 0;
    for (int i = 0; i < BLOCK; i++) {
      sum += i >= 148 && i < 156 ? ' ' : header[i] & 0xFF;
    }
    return sum;
  }

  /** A number in octal digits, or in GNU's base 256. */
  private static long octal(byte[] header, int from, int length, long position) {
    long value = 0;
    if ((header[from] & 0x80) != 0) {
      for (int i = 0; i < length; i++) {
        int digit = header[from + i] & (i == 0 ? 0x7F : 0xFF);
        if (value >>> 55 != 0) {
          throw malformed(position, "a number in the header is too large");
        }
        value = value << 8 | digit;
      }
      return value;
    }
    boolean digits = false;
    for (int i = from; i < from + length; i++) {
      int c = header[i];
      if (c >= '0' && c <= '7') {
        value = value << 3 | (c - '0');
        digits = true;
      } else if (c == 0 || (c == ' ' && digits)) {
        break;
      } else if (c != ' ') {
        throw malformed(position, "the header holds a number that is not octal");
      }
    }
    return value;
  }

  private static DataException malformed(long position, String message) {
    return new DataException(Code.MALFORMED, "tar archive at byte " + position, message);
  }

  /** Reads the headers one after the other. */
  private static final class Scanner {
    private final FileChannel channel;
    private final DataLimits limits;
    private final long end;
    private final List<Entry> entries = new ArrayList<>();
    private final Map<String, String> pax = new TreeMap<>();
    private @Nullable String longName;
    private long count;

    Scanner(FileChannel channel, DataLimits limits) throws IOException {
      this.channel = channel;
      this.limits = limits;
      this.end = channel.size();
    }

    List<Entry> scan() throws IOException {
      long position = 0;
      while (true) {
        byte[] header = read(position, BLOCK);
        if (header[0] == 0 && isZero(header)) {
          return EntryNames.sorted(entries);
        }
        if (octal(header, 148, 8, position) != checksum(header)) {
          throw malformed(position, "the header's checksum is wrong: the archive is damaged");
        }
        EntryNames.requireCount(++count, limits);
        long size = octal(header, 124, 12, position);
        char type = (char) header[156];
        boolean meta = type == 'x' || type == 'g' || type == 'L' || type == 'K';
        if (!meta && pax.containsKey("size")) {
          size = paxSize(position);
        }
        long content = position + BLOCK;
        if (size < 0 || size > end - content) {
          throw malformed(
              position,
              "an entry of " + size + " bytes reaches beyond the archive's end: truncated");
        }
        if (meta) {
          metadata(type, position, content, size);
        } else {
          entry(header, type, position, content, size);
          pax.clear();
          longName = null;
        }
        position = content + Math.ceilDiv(size, BLOCK) * BLOCK;
      }
    }

    private void entry(byte[] header, char type, long position, long content, long size) {
      String name = longName != null ? longName : pax.getOrDefault("path", headerName(header));
      switch (type) {
        case '0', '\0', '7' -> {
          if (pax.containsKey("GNU.sparse.major") || pax.containsKey("GNU.sparse.size")) {
            throw EntryNames.unsafe(name, "sparse files are not read");
          }
          if (type == '\0' && name.endsWith("/")) {
            EntryNames.normalize(name);
          } else {
            entries.add(new Entry(EntryNames.normalize(name), size, content));
          }
        }
        case '5' -> EntryNames.normalize(name);
        case '1', '2' -> throw EntryNames.unsafe(name, "links are not followed; pack files only");
        case '3', '4', '6' -> throw EntryNames.unsafe(name, "the entry is a device");
        default -> throw malformed(position, "entry type '" + type + "' is not read");
      }
    }

    private void metadata(char type, long position, long content, long size) throws IOException {
      if (size > MAX_HEADER_BYTES) {
        throw malformed(position, "an extended header of " + size + " bytes is too large");
      }
      byte[] bytes = read(content, (int) size);
      if (type == 'L') {
        longName = text(bytes, 0, bytes.length);
      } else if (type == 'x') {
        records(bytes, content);
      }
    }

    private void records(byte[] bytes, long position) {
      int at = 0;
      while (at < bytes.length) {
        int space = at;
        int length = 0;
        while (space < bytes.length && bytes[space] >= '0' && bytes[space] <= '9') {
          length = Math.min(length * 10 + bytes[space++] - '0', MAX_HEADER_BYTES);
        }
        int last = at + length - 1;
        if (space >= bytes.length
            || bytes[space] != ' '
            || last <= space
            || last >= bytes.length
            || bytes[last] != '\n') {
          throw malformed(position + at, "an extended header's record is damaged");
        }
        String line = new String(bytes, space + 1, last - space - 1, StandardCharsets.UTF_8);
        int equals = line.indexOf('=');
        if (equals < 0) {
          throw malformed(position + at, "an extended header's record has no '='");
        }
        pax.put(line.substring(0, equals), line.substring(equals + 1));
        at += length;
      }
    }

    private long paxSize(long position) {
      try {
        return Long.parseLong(pax.getOrDefault("size", ""));
      } catch (NumberFormatException _) {
        throw malformed(position, "the extended header's size is not a number");
      }
    }

    private byte[] read(long position, int length) throws IOException {
      if (position + length > end) {
        throw malformed(position, "the archive ends without its end mark: truncated");
      }
      ByteBuffer buffer = ByteBuffer.allocate(length);
      while (buffer.hasRemaining()) {
        if (channel.read(buffer, position + buffer.position()) < 0) {
          throw malformed(position, "the archive ends without its end mark: truncated");
        }
      }
      return buffer.array();
    }

    private static String headerName(byte[] header) {
      String name = text(header, 0, 100);
      boolean posix = text(header, 257, 5).equals("ustar") && header[262] == 0;
      String prefix = posix ? text(header, 345, 155) : "";
      return prefix.isEmpty() ? name : prefix + "/" + name;
    }

    private static String text(byte[] bytes, int from, int length) {
      int end = from;
      while (end < from + length && bytes[end] != 0) {
        end++;
      }
      return new String(bytes, from, end - from, StandardCharsets.UTF_8);
    }

    private static boolean isZero(byte[] block) {
      for (byte b : block) {
        if (b != 0) {
          return false;
        }
      }
      return true;
    }
  }
}
