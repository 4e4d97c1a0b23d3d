package io.compresso.testing;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.apache.commons.compress.compressors.gzip.GzipCompressorInputStream;

/** Real models and conformance cases, which lie outside the project. */
public final class SharedData {
  private SharedData() {}

  /** The folder that the system property {@code shared.dir} names. */
  public static Path folder() {
    String folder = System.getProperty("shared.dir", "");
    if (folder.isEmpty() || !Files.isDirectory(Path.of(folder))) {
      throw new IllegalStateException(
          "-Dshared.dir='" + folder + "' is not the folder with the shared test data");
    }
    return Path.of(folder);
  }

  /** The trained models. */
  public static List<Path> models() {
    try (Stream<Path> files = Files.list(folder().resolve("data/models"))) {
      return files.filter(file -> file.toString().endsWith(".onnx")).sorted().toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The conformance suite: case folder -> file below it -> bytes. */
  public static Map<String, Map<String, byte[]>> suite() {
    Map<String, Map<String, byte[]>> cases = new TreeMap<>();
    try (TarArchiveInputStream tar =
        new TarArchiveInputStream(
            new GzipCompressorInputStream(
                new BufferedInputStream(
                    Files.newInputStream(folder().resolve("data/onnx-suite.tar.gz")))))) {
      for (TarArchiveEntry entry = tar.getNextEntry(); entry != null; entry = tar.getNextEntry()) {
        if (entry.isFile()) {
          String[] parts = entry.getName().split("/", 4);
          cases
              .computeIfAbsent(parts[1] + "/" + parts[2], _ -> new LinkedHashMap<>())
              .put(parts.length > 3 ? parts[3] : "", tar.readAllBytes());
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return cases;
  }
}
