package io.compresso.onnx;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.GZIPInputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarFile;
import org.apache.commons.compress.archivers.zip.ZipArchiveEntry;
import org.apache.commons.compress.archivers.zip.ZipFile;
import org.jspecify.annotations.Nullable;

/**
 * A zip, tar or tar.gz with one model and the files that hold its tensors. Entries that are stored
 * as they are stay in the mapped archive; others are unpacked into a temporary file that is mapped
 * and at once removed.
 */
final class ModelArchive implements ExternalData {
  private static final int MAX_ENTRIES = 100_000;

  /** Beyond this many bytes an archive may not unpack to more than {@link #MAX_RATIO} times. */
  private static final long FREE_BYTES = 256L << 20;

  private static final long MAX_RATIO = 200;

  private final Map<String, MemorySegment> entries = new HashMap<>();
  private final long maxBytes;
  private long unpacked;
  private String modelName = "";

  private ModelArchive(long archiveBytes, OnnxLimits limits) {
    this.maxBytes = Math.min(limits.archiveBytes(), Math.max(FREE_BYTES, archiveBytes * MAX_RATIO));
  }

  /** The archive that a file is, null when it is none. */
  static @Nullable ModelArchive open(Path file, MemorySegment bytes, OnnxLimits limits)
      throws IOException {
    ModelArchive archive = new ModelArchive(bytes.byteSize(), limits);
    if (startsWith(bytes, 0, 'P', 'K', 3, 4)) {
      archive.readZip(file, bytes);
    } else if (startsWith(bytes, 257, 'u', 's', 't', 'a', 'r')) {
      archive.readTar(file, bytes);
    } else if (startsWith(bytes, 0, 0x1F, 0x8B)) {
      archive.readTarGz(file);
    } else {
      return null;
    }
    archive.findModel();
    return archive;
  }

  private static boolean startsWith(MemorySegment bytes, long at, int... magic) {
    if (bytes.byteSize() < at + magic.length) {
      return false;
    }
    for (int i = 0; i < magic.length; i++) {
      if ((bytes.get(ValueLayout.JAVA_BYTE, at + i) & 0xFF) != magic[i]) {
        return false;
      }
    }
    return true;
  }

  MemorySegment model() {
    return entries.getOrDefault(modelName, MemorySegment.NULL);
  }

  @Override
  public @Nullable MemorySegment open(String location) {
    int slash = modelName.lastIndexOf('/');
    List<String> parts = new ArrayList<>();
    for (String part : location.split("/")) {
      if (!part.isEmpty() && !part.equals(".")) {
        parts.add(part);
      }
    }
    return entries.get(modelName.substring(0, slash + 1) + String.join("/", parts));
  }

  private void readZip(Path file, MemorySegment bytes) throws IOException {
    try (ZipFile zip = ZipFile.builder().setPath(file).get()) {
      for (ZipArchiveEntry entry : java.util.Collections.list(zip.getEntries())) {
        if (entry.isDirectory()) {
          continue;
        }
        if (entry.isUnixSymlink() || !zip.canReadEntryData(entry)) {
          throw refused(entry.getName(), "is a link, encrypted or packed in an unknown way");
        }
        if (entry.getMethod() == ZipArchiveEntry.STORED) {
          add(
              entry.getName(),
              slice(bytes, entry.getName(), entry.getDataOffset(), entry.getSize()));
        } else {
          try (InputStream in = zip.getInputStream(entry)) {
            add(entry.getName(), unpack(entry.getName(), in));
          }
        }
      }
    } catch (IOException | IllegalArgumentException e) {
      throw new OnnxFormatException("archive", "is not a readable zip: " + e.getMessage(), e);
    }
  }

  private void readTar(Path file, MemorySegment bytes) throws IOException {
    try (TarFile tar = new TarFile(file)) {
      for (TarArchiveEntry entry : tar.getEntries()) {
        if (entry.isDirectory() || entry.isPaxHeader() || entry.isGlobalPaxHeader()) {
          continue;
        }
        if (!entry.isFile() || entry.isSparse() || entry.isLink() || entry.isSymbolicLink()) {
          throw refused(entry.getName(), "is not a regular file");
        }
        add(entry.getName(), slice(bytes, entry.getName(), entry.getDataOffset(), entry.getSize()));
      }
    } catch (IOException | IllegalArgumentException e) {
      throw new OnnxFormatException("archive", "is not a readable tar: " + e.getMessage(), e);
    }
  }

  private void readTarGz(Path file) throws IOException {
    Path plain = Files.createTempFile("model", ".tar");
    try {
      try (InputStream in =
          new GZIPInputStream(new BufferedInputStream(Files.newInputStream(file)))) {
        copy("archive", in, plain);
      } catch (IOException e) {
        throw new OnnxFormatException("archive", "is not a readable gzip: " + e.getMessage(), e);
      }
      MemorySegment bytes = ExternalData.map(plain);
      if (!startsWith(bytes, 257, 'u', 's', 't', 'a', 'r')) {
        throw new OnnxFormatException("archive", "holds no tar");
      }
      readTar(plain, bytes);
    } finally {
      Files.delete(plain);
    }
  }

  private static OnnxFormatException refused(String name, String why) {
    return new OnnxFormatException("archive", "entry '" + name + "' " + why);
  }

  private static MemorySegment slice(MemorySegment bytes, String name, long offset, long size) {
    if (offset < 0 || size < 0 || offset > bytes.byteSize() || size > bytes.byteSize() - offset) {
      throw refused(name, "lies outside the archive");
    }
    return bytes.asSlice(offset, size);
  }

  private void add(String name, MemorySegment bytes) {
    List<String> parts = new ArrayList<>();
    for (String part : name.split("/")) {
      if (part.equals("..") || name.startsWith("/") || name.indexOf('\\') >= 0) {
        throw refused(name, "leads out of the archive");
      }
      if (!part.isEmpty() && !part.equals(".")) {
        parts.add(part);
      }
    }
    if (entries.size() >= MAX_ENTRIES) {
      throw new OnnxFormatException("archive", "has more than " + MAX_ENTRIES + " entries");
    }
    if (entries.put(String.join("/", parts), bytes) != null) {
      throw refused(name, "is there twice");
    }
  }

  private MemorySegment unpack(String name, InputStream in) throws IOException {
    Path file = Files.createTempFile("model", ".part");
    try {
      copy(name, in, file);
      return ExternalData.map(file);
    } finally {
      Files.delete(file);
    }
  }

  private void copy(String name, InputStream in, Path file) throws IOException {
    byte[] buffer = new byte[1 << 16];
    try (OutputStream out = Files.newOutputStream(file)) {
      for (int count = in.read(buffer); count >= 0; count = in.read(buffer)) {
        unpacked += count;
        if (unpacked > maxBytes) {
          throw refused(name, "and those before it unpack to more than " + maxBytes + " bytes");
        }
        out.write(buffer, 0, count);
      }
    }
  }

  private void findModel() {
    List<String> models = entries.keySet().stream().filter(name -> name.endsWith(".onnx")).toList();
    if (models.size() != 1) {
      throw new OnnxFormatException(
          "archive", "has " + models.size() + " files named *.onnx; exactly one is needed");
    }
    modelName = models.getFirst();
  }
}
