package io.compresso.job;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;

/**
 * Who may use this host's processors: any number of processes that compute, or one that measures.
 *
 * <p>Two files, on which the operating system keeps locks, so that a process that dies gives them
 * back. Whoever wants the lease passes the gate first and one who measures keeps the gate: so
 * nobody overtakes a process that waits to measure. A process that computes never waits at the gate
 * while it holds the lease. One instance for each process; not for several threads at once.
 */
public final class MeasuringLease implements AutoCloseable {
  private static final long CHECK_NANOS = 20_000_000;

  private final FileChannel gate;
  private final FileChannel lease;
  private @Nullable FileLock computing;
  private long nextCheck;

  private MeasuringLease(FileChannel gate, FileChannel lease) {
    this.gate = gate;
    this.lease = lease;
  }

  /**
   * Takes part as one that computes; waits while another process measures.
   *
   * @param folder the same for all processes of the host
   */
  public static MeasuringLease join(Path folder) throws IOException {
    Files.createDirectories(folder);
    shareWithOtherUsers(folder, "rwxrwxrwx");
    MeasuringLease joined =
        new MeasuringLease(open(folder.resolve("gate")), open(folder.resolve("lease")));
    joined.compute();
    return joined;
  }

  private static FileChannel open(Path file) throws IOException {
    FileChannel channel =
        FileChannel.open(
            file, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
    shareWithOtherUsers(file, "rw-rw-rw-");
    return channel;
  }

  private static void shareWithOtherUsers(Path path, String mode) {
    try {
      Files.setPosixFilePermissions(path, PosixFilePermissions.fromString(mode));
    } catch (IOException | UnsupportedOperationException _) {
      // Its owner has done it, or the system knows no such permissions.
    }
  }

  private void compute() throws IOException {
    try (FileLock _ = gate.lock()) {
      computing = lease.lock(0, Long.MAX_VALUE, true);
    }
  }

  private void rest() throws IOException {
    if (computing != null) {
      computing.release();
      computing = null;
    }
  }

  /** Lets one measure that waits for it; cheap enough to be called between pieces of work. */
  public synchronized void checkpoint() throws IOException {
    long now = System.nanoTime();
    if (now < nextCheck) {
      return;
    }
    nextCheck = now + CHECK_NANOS;
    FileLock free = gate.tryLock();
    if (free != null) {
      free.release();
      return;
    }
    rest();
    compute();
  }

  /** Runs {@code work} while no other process of the host computes. */
  public synchronized <T> T measuring(Callable<T> work) throws Exception {
    rest();
    try (FileLock _ = gate.lock();
        FileLock _ = lease.lock()) {
      return work.call();
    } finally {
      compute();
    }
  }

  @Override
  public synchronized void close() throws IOException {
    gate.close();
    lease.close();
  }
}
