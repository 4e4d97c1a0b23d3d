package io.compresso.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** A folder that lives as long as a command needs it. */
record TemporaryFolder(Path path) implements AutoCloseable {
  static TemporaryFolder create(String prefix) throws IOException {
    return new TemporaryFolder(Files.createTempDirectory(prefix));
  }

  /** Deletes the folder and all that is in it. */
  @Override
  public void close() throws IOException {
    try (var files = Files.walk(path)) {
      for (Path file : files.toList().reversed()) {
        Files.delete(file);
      }
    }
  }
}
