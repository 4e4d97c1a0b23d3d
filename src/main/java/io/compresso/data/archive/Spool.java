package io.compresso.data.archive;

import io.compresso.data.DataException;
import io.compresso.data.DataException.Code;
import io.compresso.data.DataLimits;
import java.io.BufferedInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.GZIPInputStream;
import java.util.zip.ZipException;
import org.jspecify.annotations.Nullable;

/**
 * Content that is packed, made addressable: unpacked into temporary files, which are mapped.
 * Closing unmaps and deletes them.
 */
public final class Spool implements AutoCloseable {
  private static final int BUFFER = 1 << 16;

  private final @Nullable Path parent;
  private final DataLimits limits;
  private final Arena arena = Arena.ofShared();
  private final List<Path> files = new ArrayList<>();
  private @Nullable Path directory;
  private long unpackedBytes;

  /**
   * @param parent where temporary files go; null for the system's place
   */
  public Spool(@Nullable Path parent, DataLimits limits) {
    this.parent = parent;
    this.limits = limits;
  }

  /** The entry's content, unpacked if it is gzip-compressed. */
  public MemorySegment content(Archive archive, Entry entry) throws IOException {
    boolean gzip = isGzip(head(archive, entry, 2));
    FileChannel channel = archive.file(entry);
    if (channel != null && !gzip) {
      return channel.map(MapMode.READ_ONLY, entry.offset(), entry.size(), arena);
    }
    return map(unpack(archive, entry));
  }

  /** A stream of the entry's content, unpacked if it is gzip-compressed. */
  public InputStream stream(Archive archive, Entry entry) throws IOException {
    if (!isGzip(head(archive, entry, 2))) {
      return archive.open(entry);
    }
    return gunzip(archive.open(entry), EntryNames.quote(entry.name()), entry.size());
  }

  /** The first bytes of the entry, packed as they are; fewer when it is shorter. */
  public static byte[] head(Archive archive, Entry entry, int length) throws IOException {
    try (InputStream in = archive.open(entry)) {
      return in.readNBytes(length);
    } catch (EOFException | ZipException e) {
      throw damaged(EntryNames.quote(entry.name()), e);
    }
  }

  /** The first bytes of the entry, unpacked; fewer when it is shorter. */
  public byte[] contentHead(Archive archive, Entry entry, int length) throws IOException {
    try (InputStream in = stream(archive, entry)) {
      return in.readNBytes(length);
    } catch (EOFException | ZipException e) {
      throw damaged(EntryNames.quote(entry.name()), e);
    }
  }

  /** Whether the bytes begin a gzip member. */
  public static boolean isGzip(byte[] head) {
    return head.length >= 2 && head[0] == 0x1F && head[1] == (byte) 0x8B;
  }

  /** Unpacks the entry, and its gzip compression if it has one, into a temporary file. */
  public Path unpack(Archive archive, Entry entry) throws IOException {
    String where = EntryNames.quote(entry.name());
    Path file = newFile();
    try (InputStream in = stream(archive, entry);
        OutputStream out = Files.newOutputStream(file)) {
      byte[] buffer = new byte[BUFFER];
      for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
        unpackedBytes += n;
        if (unpackedBytes > limits.maxTotalBytes()) {
          throw new DataException(
              Code.LIMIT_EXCEEDED,
              where,
              "the data set unpacks to more than " + limits.maxTotalBytes() + " bytes");
        }
        out.write(buffer, 0, n);
      }
    } catch (EOFException | ZipException e) {
      throw damaged(where, e);
    }
    return file;
  }

  private static DataException damaged(String where, IOException e) {
    return new DataException(
        Code.MALFORMED, where, "the compressed data is damaged or truncated: " + e.getMessage(), e);
  }

  private InputStream gunzip(InputStream in, String where, long packed) throws IOException {
    long allowed = Budget.allowed(packed, limits);
    try {
      return new LimitedInputStream(
          new GZIPInputStream(new BufferedInputStream(in, BUFFER), BUFFER),
          allowed,
          Code.LIMIT_EXCEEDED,
          where,
          "unpacks from %d to more than the %d bytes that the limits allow"
              .formatted(packed, allowed));
    } catch (EOFException | ZipException e) {
      throw damaged(where, e);
    }
  }

  /** A temporary file, mapped for reading. */
  public MemorySegment map(Path file) throws IOException {
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
      return channel.map(MapMode.READ_ONLY, 0, channel.size(), arena);
    }
  }

  /** A new temporary file, deleted when this is closed. */
  public Path newFile() throws IOException {
    Path in = directory;
    if (in == null) {
      in =
          parent == null
              ? Files.createTempDirectory("compresso-data")
              : Files.createTempDirectory(parent, "compresso-data");
      directory = in;
    }
    Path file = Files.createTempFile(in, "part", ".bin");
    files.add(file);
    return file;
  }

  @Override
  public void close() {
    arena.close();
    try {
      for (Path file : files) {
        Files.deleteIfExists(file);
      }
      if (directory != null) {
        Files.deleteIfExists(directory);
      }
    } catch (IOException e) {
      throw new DataException(Code.IO, "", "temporary files could not be deleted", e);
    }
  }
}
