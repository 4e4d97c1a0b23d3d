package io.compresso.compress;

import io.compresso.store.BlobStore;
import java.io.IOException;
import java.io.InputStream;

/**
 * Stored bytes, ready for a download in ranges.
 *
 * @param fileName a name for the client's disk
 * @param sha256 the strong entity tag
 */
public record Content(
    String fileName, String mediaType, String sha256, long size, BlobStore store) {
  /** Opens {@code length} bytes from {@code offset} on; the caller closes. */
  public InputStream open(long offset, long length) throws IOException {
    return store.open(sha256, offset, length);
  }
}
