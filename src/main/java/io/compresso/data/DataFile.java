package io.compresso.data;

import java.nio.file.Path;

/**
 * An uploaded file.
 *
 * @param name the name that it was given by who uploaded it; says nothing about where it lies
 * @param path where it lies
 */
public record DataFile(String name, Path path) {
  /** A file under its own name. */
  public static DataFile of(Path path) {
    return new DataFile(String.valueOf(path.getFileName()), path);
  }
}
