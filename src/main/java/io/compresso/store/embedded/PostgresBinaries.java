package io.compresso.store.embedded;

import io.zonky.test.db.postgres.embedded.DefaultPostgresBinaryResolver;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.Locale;
import java.util.UUID;
import java.util.stream.Stream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.apache.commons.compress.compressors.xz.XZCompressorInputStream;

/** PostgreSQL's programs for this machine, unpacked from the class path. */
final class PostgresBinaries {
  private PostgresBinaries() {}

  /**
   * Unpacks into a folder of its own below {@code parent}, unless that was done before.
   *
   * @return the folder with {@code bin}, {@code lib} and {@code share}
   */
  static Path install(Path parent) throws IOException {
    Path target = parent.resolve(digest().substring(0, 16));
    if (Files.isDirectory(target)) {
      return target;
    }
    Files.createDirectories(parent);
    Path unpacked = parent.resolve("unpack-" + UUID.randomUUID());
    try {
      try (InputStream in = open()) {
        unpack(in, unpacked);
      }
      Files.move(unpacked, target, StandardCopyOption.ATOMIC_MOVE);
    } catch (DirectoryNotEmptyException | FileAlreadyExistsException _) {
      // Another process was quicker.
    } catch (FileSystemException e) {
      if (!Files.isDirectory(target)) {
        throw e;
      }
    } finally {
      deleteTree(unpacked);
    }
    return target;
  }

  private static InputStream open() throws IOException {
    String os = System.getProperty("os.name").toLowerCase(Locale.ROOT);
    String system =
        os.startsWith("windows") ? "Windows" : os.startsWith("mac") ? "Darwin" : "Linux";
    String arch = System.getProperty("os.arch");
    InputStream in =
        DefaultPostgresBinaryResolver.INSTANCE.getPgBinary(
            system, arch.equals("amd64") ? "x86_64" : arch);
    if (in == null) {
      throw new IOException(
          "no PostgreSQL for "
              + system
              + " on "
              + arch
              + " is part of this program;"
              + " set spring.datasource.url to a PostgreSQL of yours");
    }
    return in;
  }

  private static String digest() throws IOException {
    try (DigestInputStream in =
        new DigestInputStream(open(), MessageDigest.getInstance("SHA-256"))) {
      in.transferTo(OutputStream.nullOutputStream());
      return HexFormat.of().formatHex(in.getMessageDigest().digest());
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  private static void unpack(InputStream packed, Path folder) throws IOException {
    try (TarArchiveInputStream tar =
        new TarArchiveInputStream(new XZCompressorInputStream(packed))) {
      for (TarArchiveEntry entry = tar.getNextEntry(); entry != null; entry = tar.getNextEntry()) {
        Path file = folder.resolve(entry.getName()).normalize();
        if (!file.startsWith(folder)) {
          throw new IOException("the archive of PostgreSQL holds the path " + entry.getName());
        }
        if (entry.isDirectory()) {
          Files.createDirectories(file);
          continue;
        }
        Files.createDirectories(file.getParent());
        if (entry.isSymbolicLink()) {
          Files.createSymbolicLink(file, Path.of(entry.getLinkName()));
        } else if (entry.isLink()) {
          Files.createLink(file, folder.resolve(entry.getLinkName()));
        } else {
          Files.copy(tar, file);
          if ((entry.getMode() & 0100) != 0 && !file.toFile().setExecutable(true, false)) {
            throw new IOException("cannot make " + file + " executable");
          }
        }
      }
    }
  }

  static void deleteTree(Path folder) throws IOException {
    if (!Files.exists(folder)) {
      return;
    }
    try (Stream<Path> paths = Files.walk(folder)) {
      for (Path path : paths.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(path);
      }
    } catch (UncheckedIOException e) {
      throw e.getCause();
    }
  }
}
