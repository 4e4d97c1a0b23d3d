package io.compresso.store;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.time.Instant;
import java.util.stream.Stream;

/**
 * Bytes by their SHA-256. Knows no database: {@link Blobs} ties it to rows.
 *
 * <p>Digests are 64 lower-case hexadecimal digits.
 */
public interface BlobStore {
  /** A blob of the store. */
  record Entry(String sha256, long size, Instant modifiedAt) {}

  /**
   * Reads a stream to its end into a temporary local file, in constant memory.
   *
   * @throws ProblemException when it holds more than {@code maxBytes}
   */
  StagedBlob stage(InputStream in, long maxBytes) throws IOException;

  /** Stores staged content under its digest, durably. Does nothing when it is there already. */
  void put(StagedBlob staged) throws IOException;

  /** Opens {@code length} bytes from {@code offset} on; the caller closes. */
  InputStream open(String sha256, long offset, long length) throws IOException;

  /** A local file with the content, to be read only. */
  Path local(String sha256) throws IOException;

  boolean exists(String sha256) throws IOException;

  void delete(String sha256) throws IOException;

  /** Every blob; the caller closes. */
  Stream<Entry> list() throws IOException;

  /** Removes what interrupted uploads of dead processes have left; gives the number of files. */
  int sweepStaged() throws IOException;
}
