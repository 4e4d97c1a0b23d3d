package io.compresso.store;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.UUID;
import java.util.function.LongConsumer;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Blobs as files of a folder, which several servers may share: {@code ab/cdef...} under the digest.
 *
 * <p>Uploads in flight live in an {@link InstanceFolder} below {@code staged}.
 */
public final class FolderBlobStore implements BlobStore, AutoCloseable {
  private static final int BUFFER_BYTES = 1 << 16;
  private static final Pattern DIGEST = Pattern.compile("[0-9a-f]{64}");

  private final Path root;
  private final InstanceFolder instance;
  private final LongConsumer received;

  /**
   * Opens the folder, making it when there is none.
   *
   * @param received is told the bytes of each blob that was staged
   */
  public FolderBlobStore(Path home, LongConsumer received) throws IOException {
    this.received = received;
    this.root = home.toAbsolutePath().normalize();
    this.instance = InstanceFolder.in(root.resolve("staged"));
  }

  @Override
  public StagedBlob stage(InputStream in, long maxBytes) throws IOException {
    // A folder of its own: a model may name files that lie beside it.
    Path folder = Files.createDirectory(instance.path().resolve(UUID.randomUUID().toString()));
    Path file = folder.resolve("content");
    MessageDigest sha256 = sha256();
    boolean done = false;
    try (FileChannel out =
        FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
      byte[] buffer = new byte[BUFFER_BYTES];
      long size = 0;
      for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
        size += read;
        if (size > maxBytes) {
          throw new ProblemException(
              ProblemException.Kind.TOO_LARGE,
              Problem.of("too-large", "the upload is larger than " + maxBytes + " bytes")
                  .withHint("raise the server's upload limit, or send less"));
        }
        sha256.update(buffer, 0, read);
        write(out, ByteBuffer.wrap(buffer, 0, read));
      }
      out.force(true);
      done = true;
      received.accept(size);
      return new StagedBlob(file, HexFormat.of().formatHex(sha256.digest()), size);
    } finally {
      if (!done) {
        InstanceFolder.deleteTree(folder);
      }
    }
  }

  private void write(FileChannel out, ByteBuffer bytes) {
    try {
      while (bytes.hasRemaining()) {
        out.write(bytes);
      }
    } catch (IOException e) {
      // The server's trouble, unlike a failure to read what the client sends.
      throw new ProblemException(
          ProblemException.Kind.UNAVAILABLE,
          Problem.of("storage-failed", "the server cannot store the upload: " + e.getMessage())
              .withHint("the server's disk may be full; try again later")
              .asRetryable(),
          e);
    }
  }

  @Override
  public void put(StagedBlob blob) throws IOException {
    Path target = path(blob.sha256());
    Path folder = root.resolve(blob.sha256().substring(0, 2));
    if (Files.exists(target)) {
      blob.close();
      return;
    }
    Files.createDirectories(folder);
    try {
      Files.move(blob.file(), target, StandardCopyOption.ATOMIC_MOVE);
    } catch (AtomicMoveNotSupportedException e) {
      throw new IOException("the blob folder " + root + " spans file systems", e);
    }
    sync(folder);
    sync(root);
  }

  @Override
  public InputStream open(String sha256, long offset, long length) throws IOException {
    FileChannel channel = FileChannel.open(local(sha256), StandardOpenOption.READ);
    try {
      if (offset < 0 || length < 0 || offset > channel.size() - length) {
        throw new IllegalArgumentException(
            "bytes " + offset + " + " + length + " of " + channel.size());
      }
      channel.position(offset);
      return new LimitedInputStream(Channels.newInputStream(channel), length);
    } catch (IOException | RuntimeException e) {
      channel.close();
      throw e;
    }
  }

  @Override
  public Path local(String sha256) throws IOException {
    Path file = path(sha256);
    if (!Files.isRegularFile(file)) {
      throw new NoSuchFileException(file.toString());
    }
    return file;
  }

  @Override
  public boolean exists(String sha256) {
    return Files.isRegularFile(path(sha256));
  }

  @Override
  public void delete(String sha256) throws IOException {
    Files.deleteIfExists(path(sha256));
  }

  @Override
  public Stream<Entry> list() throws IOException {
    return Files.find(
            root,
            2,
            (path, attributes) ->
                attributes.isRegularFile()
                    && path.getNameCount() == root.getNameCount() + 2
                    && DIGEST.matcher(digestOf(path)).matches())
        .flatMap(FolderBlobStore::entry);
  }

  @Override
  public int sweepStaged() throws IOException {
    return instance.sweepOthers();
  }

  @Override
  public void close() throws IOException {
    instance.close();
  }

  private Path path(String sha256) {
    if (!DIGEST.matcher(sha256).matches()) {
      throw new IllegalArgumentException("not a SHA-256: " + sha256);
    }
    return root.resolve(sha256.substring(0, 2)).resolve(sha256.substring(2));
  }

  private static String digestOf(Path path) {
    int names = path.getNameCount();
    return path.getName(names - 2).toString() + path.getName(names - 1);
  }

  private static Stream<Entry> entry(Path path) {
    try {
      return Stream.of(
          new Entry(digestOf(path), Files.size(path), Files.getLastModifiedTime(path).toInstant()));
    } catch (IOException _) {
      return Stream.empty();
    }
  }

  private static void sync(Path folder) throws IOException {
    try (FileChannel channel = FileChannel.open(folder, StandardOpenOption.READ)) {
      channel.force(true);
    }
  }

  private static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }
}
