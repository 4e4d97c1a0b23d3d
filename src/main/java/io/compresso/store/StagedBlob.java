package io.compresso.store;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Content on its way into the store. Owns its temporary file until it is put; closing discards it.
 *
 * @param sha256 digest of the whole content
 * @param size bytes
 */
public record StagedBlob(Path file, String sha256, long size) implements AutoCloseable {
  @Override
  public void close() {
    try {
      Path folder = file.resolveSibling("");
      if (Files.exists(folder)) {
        InstanceFolder.deleteTree(folder);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
