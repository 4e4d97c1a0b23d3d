package io.compresso.evaluate;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import java.util.zip.GZIPInputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;

/** A {@code .tar.gz} unpacked to a temporary folder, which closing deletes. */
record TestArchive(Path folder) implements AutoCloseable {
  /** The largest number of bytes that an archive may unpack to. */
  private static final long LIMIT = 4L << 30;

  static TestArchive extract(Path file) throws IOException {
    TestArchive archive = new TestArchive(Files.createTempDirectory("conformance"));
    try (InputStream bytes = Files.newInputStream(file);
        TarArchiveInputStream tar = new TarArchiveInputStream(new GZIPInputStream(bytes))) {
      archive.unpack(tar);
      return archive;
    } catch (IOException | RuntimeException e) {
      archive.close();
      throw e;
    }
  }

  private void unpack(TarArchiveInputStream tar) throws IOException {
    long left = LIMIT;
    byte[] buffer = new byte[1 << 16];
    for (TarArchiveEntry entry = tar.getNextEntry(); entry != null; entry = tar.getNextEntry()) {
      if (!entry.isFile()) {
        continue;
      }
      Path target = folder.resolve(entry.getName()).normalize();
      if (!target.startsWith(folder)) {
        throw new IOException("entry '" + entry.getName() + "' lies outside the archive");
      }
      Files.createDirectories(target.getParent());
      try (OutputStream out = Files.newOutputStream(target)) {
        for (int count = tar.read(buffer); count >= 0; count = tar.read(buffer)) {
          left -= count;
          if (left < 0) {
            throw new IOException("archive unpacks to more than " + LIMIT + " bytes");
          }
          out.write(buffer, 0, count);
        }
      }
    }
  }

  @Override
  public void close() throws IOException {
    List<Path> files;
    try (Stream<Path> walk = Files.walk(folder)) {
      files = walk.sorted(Comparator.reverseOrder()).toList();
    }
    for (Path file : files) {
      Files.deleteIfExists(file);
    }
  }
}
