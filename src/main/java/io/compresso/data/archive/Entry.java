package io.compresso.data.archive;

/**
 * A file in an archive.
 *
 * @param name relative, segments divided by '/', without '.' and '..'
 * @param size unpacked bytes
 * @param offset where the content begins in the archive's file, -1 when it is packed
 */
public record Entry(String name, long size, long offset) {
  /** The name after the last '/'. */
  public String baseName() {
    return name.substring(name.lastIndexOf('/') + 1);
  }

  /** The name of the folder that holds the file, empty when there is none. */
  public String folder() {
    int end = name.lastIndexOf('/');
    return end < 0 ? "" : name.substring(name.lastIndexOf('/', end - 1) + 1, end);
  }
}
