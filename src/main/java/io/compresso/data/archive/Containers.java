package io.compresso.data.archive;

import io.compresso.data.DataException;
import io.compresso.data.DataException.Code;
import io.compresso.data.DataFile;
import io.compresso.data.DataLimits;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/** Tells what uploaded files are packed in, and opens it. */
public final class Containers {
  private static final int HEAD = 512;

  private Containers() {}

  /**
   * The files themselves, or the entries of the archive that the only file is. An archive in an
   * archive is opened when it is the only entry.
   */
  public static Archive open(List<DataFile> files, Spool spool, DataLimits limits)
      throws IOException {
    if (files.isEmpty()) {
      throw new DataException(Code.MALFORMED, "", "the data set has no file");
    }
    Archive plain = PlainFiles.open(files);
    if (files.size() > 1) {
      return plain;
    }
    Archive outer = unpack(plain, files.getFirst().path(), spool, limits);
    try {
      List<Entry> entries = outer.entries();
      if (outer != plain && entries.size() == 1 && isArchive(outer, entries.getFirst(), spool)) {
        Path inner = spool.unpack(outer, entries.getFirst());
        outer.close();
        plain = PlainFiles.open(List.of(new DataFile(entries.getFirst().name(), inner)));
        outer = plain;
        outer = unpack(plain, inner, spool, limits);
      }
      if (outer.entries().isEmpty()) {
        throw new DataException(Code.MALFORMED, "", "the archive holds no file");
      }
      return outer;
    } catch (IOException | RuntimeException e) {
      outer.close();
      throw e;
    }
  }

  private static Archive unpack(Archive plain, Path path, Spool spool, DataLimits limits)
      throws IOException {
    try {
      Entry file = plain.entries().getFirst();
      byte[] head = Spool.head(plain, file, HEAD);
      Archive archive = plain;
      if (isZip(head)) {
        archive = ZipArchive.open(path, limits);
      } else if (TarArchive.matches(head)) {
        archive = TarArchive.open(path, limits);
      } else if (Spool.isGzip(head) && TarArchive.matches(spool.contentHead(plain, file, HEAD))) {
        archive = TarArchive.open(spool.unpack(plain, file), limits);
      }
      if (archive != plain) {
        plain.close();
      }
      return archive;
    } catch (IOException | RuntimeException e) {
      plain.close();
      throw e;
    }
  }

  private static boolean isArchive(Archive archive, Entry entry, Spool spool) throws IOException {
    byte[] head = Spool.head(archive, entry, HEAD);
    return isZip(head)
        || TarArchive.matches(head)
        || (Spool.isGzip(head) && TarArchive.matches(spool.contentHead(archive, entry, HEAD)));
  }

  private static boolean isZip(byte[] head) {
    return head.length >= 4
        && head[0] == 'P'
        && head[1] == 'K'
        && ((head[2] == 3 && head[3] == 4) || (head[2] == 5 && head[3] == 6));
  }
}
