package io.compresso.store;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Comparator;
import java.util.UUID;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A folder for the temporary files of one process. The process holds a lock in it, by which others
 * tell the folders of dead processes and remove them.
 */
public final class InstanceFolder implements AutoCloseable {
  private static final String LOCK = ".lock";

  private final Path parent;
  private final Path folder;
  private final FileChannel channel;

  private InstanceFolder(Path parent, Path folder, FileChannel channel) {
    this.parent = parent;
    this.folder = folder;
    this.channel = channel;
  }

  /** Makes a folder below {@code parent}. */
  public static InstanceFolder in(Path parent) throws IOException {
    while (true) {
      Path folder = parent.resolve(UUID.randomUUID().toString());
      Files.createDirectories(folder);
      Path lock = folder.resolve(LOCK);
      FileChannel channel =
          FileChannel.open(lock, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
      channel.lock();
      // Another process may have swept the folder before the lock was held.
      if (Files.exists(lock)) {
        return new InstanceFolder(parent, folder, channel);
      }
      channel.close();
    }
  }

  public Path path() {
    return folder;
  }

  /** Removes the folders of dead processes beside this one; gives the number of files removed. */
  public int sweepOthers() throws IOException {
    int removed = 0;
    try (DirectoryStream<Path> others = Files.newDirectoryStream(parent, Files::isDirectory)) {
      for (Path other : others) {
        if (!other.equals(folder)) {
          removed += sweep(other);
        }
      }
    }
    return removed;
  }

  private static int sweep(Path folder) throws IOException {
    try (FileChannel channel = FileChannel.open(folder.resolve(LOCK), StandardOpenOption.WRITE);
        FileLock lock = tryLock(channel)) {
      return lock == null ? 0 : deleteTree(folder);
    } catch (NoSuchFileException _) {
      // Just being made, or being swept by another process.
      return 0;
    }
  }

  private static @Nullable FileLock tryLock(FileChannel channel) throws IOException {
    try {
      return channel.tryLock();
    } catch (OverlappingFileLockException _) {
      return null;
    }
  }

  /** Removes a folder and all that is in it; gives the number of files other than locks. */
  public static int deleteTree(Path folder) throws IOException {
    int removed = 0;
    try (Stream<Path> paths = Files.walk(folder)) {
      for (Path path : paths.sorted(Comparator.reverseOrder()).toList()) {
        boolean file = !Files.isDirectory(path) && !path.endsWith(LOCK);
        removed += Files.deleteIfExists(path) && file ? 1 : 0;
      }
    }
    return removed;
  }

  @Override
  public void close() throws IOException {
    deleteTree(folder);
    channel.close();
  }
}
