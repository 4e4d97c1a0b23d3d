package io.compresso.data.archive;

import io.compresso.data.DataException;
import io.compresso.data.DataException.Code;
import io.compresso.data.DataLimits;
import java.io.IOException;
import java.io.InputStream;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Enumeration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.ZipEntry;
import java.util.zip.ZipException;
import java.util.zip.ZipFile;
import org.jspecify.annotations.Nullable;

/** A zip archive, read through its central directory. Links and encrypted entries are refused. */
public final class ZipArchive implements Archive {
  private final ZipFile zip;
  private final Map<String, String> rawNames = new HashMap<>();
  private final List<Entry> entries;

  private ZipArchive(ZipFile zip, long fileSize, DataLimits limits) {
    this.zip = zip;
    this.entries = index(fileSize, limits);
  }

  /**
   * Reads the central directory.
   *
   * @throws DataException if the archive is damaged, hostile or too large
   */
  public static ZipArchive open(Path path, DataLimits limits) throws IOException {
    ZipDirectory.check(path, limits);
    ZipFile zip;
    try {
      zip = new ZipFile(path.toFile());
    } catch (ZipException | IllegalArgumentException e) {
      throw new DataException(Code.MALFORMED, "zip archive", message(e), e);
    }
    try {
      return new ZipArchive(zip, Files.size(path), limits);
    } catch (IOException | RuntimeException e) {
      zip.close();
      throw e;
    }
  }

  private List<Entry> index(long fileSize, DataLimits limits) {
    List<Entry> entries = new ArrayList<>();
    long total = 0;
    Enumeration<? extends ZipEntry> all = zip.entries();
    while (all.hasMoreElements()) {
      ZipEntry entry = all.nextElement();
      String name = EntryNames.normalize(entry.getName());
      if (entry.isDirectory()) {
        continue;
      }
      if (entry.getSize() < 0) {
        throw new DataException(
            Code.MALFORMED, EntryNames.quote(name), "the archive does not say the entry's size");
      }
      if (!entry.getName().equals(name)) {
        rawNames.put(name, entry.getName());
      }
      total = saturatedSum(total, entry.getSize());
      entries.add(new Entry(name, entry.getSize(), -1));
    }
    Budget.require("the archive", total, fileSize, limits);
    return EntryNames.sorted(entries);
  }

  private static long saturatedSum(long a, long b) {
    return a + b < 0 ? Long.MAX_VALUE : a + b;
  }

  @Override
  public List<Entry> entries() {
    return entries;
  }

  @Override
  public InputStream open(Entry entry) throws IOException {
    String where = EntryNames.quote(entry.name());
    try {
      InputStream in =
          zip.getInputStream(new ZipEntry(rawNames.getOrDefault(entry.name(), entry.name())));
      if (in == null) {
        throw new DataException(Code.IO, where, "the archive has no such entry");
      }
      return new LimitedInputStream(
          in,
          entry.size(),
          Code.MALFORMED,
          where,
          "unpacks to more than the " + entry.size() + " bytes that the archive states");
    } catch (ZipException e) {
      throw new DataException(Code.MALFORMED, where, message(e), e);
    }
  }

  @Override
  public @Nullable FileChannel file(Entry entry) {
    return null;
  }

  @Override
  public void close() {
    try {
      zip.close();
    } catch (IOException e) {
      throw new DataException(Code.IO, "", "the archive could not be closed", e);
    }
  }

  private static String message(Exception e) {
    return "the archive is damaged: " + e.getMessage();
  }
}
