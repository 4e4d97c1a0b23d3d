package io.compresso.compress;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;

/** What a file is, by its first bytes. */
enum FileKind {
  ZIP(".zip"),
  GZIP(".tar.gz"),
  TAR(".tar"),
  OTHER("");

  private static final int TAR_MAGIC_AT = 257;
  private static final byte[] TAR_MAGIC = "ustar".getBytes(StandardCharsets.US_ASCII);

  private final String extension;

  FileKind(String extension) {
    this.extension = extension;
  }

  String extension() {
    return extension;
  }

  static FileKind of(Path file) {
    try (InputStream in = Files.newInputStream(file)) {
      byte[] head = in.readNBytes(TAR_MAGIC_AT + TAR_MAGIC.length);
      if (head.length > 3 && head[0] == 'P' && head[1] == 'K' && head[2] == 3 && head[3] == 4) {
        return ZIP;
      }
      if (head.length > 1 && head[0] == 0x1f && head[1] == (byte) 0x8b) {
        return GZIP;
      }
      boolean tar =
          head.length == TAR_MAGIC_AT + TAR_MAGIC.length
              && Arrays.equals(head, TAR_MAGIC_AT, head.length, TAR_MAGIC, 0, TAR_MAGIC.length);
      return tar ? TAR : OTHER;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
