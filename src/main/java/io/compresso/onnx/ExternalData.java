package io.compresso.onnx;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Finds the files that hold the tensors which lie outside a model's own file. */
@FunctionalInterface
public interface ExternalData {
  /** Refuses every file. */
  ExternalData NONE = _ -> null;

  /**
   * The bytes of the file at {@code location}, null when there is no such file.
   *
   * @param location a relative path without {@code ..}, its parts separated by {@code /}
   * @throws IOException if the file is there but may not or can't be read
   */
  @Nullable MemorySegment open(String location) throws IOException;

  /** Files in {@code folder} or below it; links that lead out of it are refused. */
  static ExternalData inFolder(Path folder) {
    Map<String, MemorySegment> mapped = new HashMap<>();
    return location -> {
      MemorySegment known = mapped.get(location);
      if (known == null) {
        known = mapInside(folder, location);
        if (known != null) {
          mapped.put(location, known);
        }
      }
      return known;
    };
  }

  private static @Nullable MemorySegment mapInside(Path folder, String location)
      throws IOException {
    Path file;
    try {
      file = folder.resolve(location);
    } catch (InvalidPathException e) {
      throw new IOException("is not a path: " + e.getReason(), e);
    }
    if (!Files.exists(file)) {
      return null;
    }
    Path real = file.toRealPath();
    if (!real.startsWith(folder.toRealPath())) {
      throw new IOException("leads out of the model's folder");
    }
    return map(real);
  }

  /** A read-only mapping of a regular file, unmapped by the garbage collector. */
  static MemorySegment map(Path file) throws IOException {
    if (!Files.isRegularFile(file)) {
      throw new IOException("is not a regular file");
    }
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
      return channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), Arena.ofAuto());
    }
  }
}
