package io.compresso.data;

import io.compresso.data.DataException.Code;
import io.compresso.data.archive.Spool;
import io.compresso.data.format.DatasetOpener;
import io.compresso.data.format.DatasetOpener.Opened;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Opens uploaded data sets. */
public final class Datasets {
  private Datasets() {}

  /** Opens one file within the default limits. */
  public static Dataset open(Path file, DatasetSpec spec) {
    return open(List.of(DataFile.of(file)), spec, DataLimits.DEFAULT, null);
  }

  /**
   * Opens files that together are one data set. What is packed in a way that cannot be read in
   * place is unpacked into temporary files, which closing the data set deletes.
   *
   * @param workFolder where temporary files go; null for the system's place
   * @throws DataException if the files are damaged, hostile, too large, or not what is declared
   */
  public static Dataset open(
      List<DataFile> files, DatasetSpec spec, DataLimits limits, @Nullable Path workFolder) {
    return opened(files, spec, limits, workFolder).dataset();
  }

  /**
   * Reads files that together are one data set once, and tells what they hold. Of images every
   * header is read; the first and the last sample are decoded.
   *
   * @throws DataException if the files are damaged, hostile, too large, or not what is declared
   */
  public static DatasetSummary inspect(
      List<DataFile> files, DatasetSpec spec, DataLimits limits, @Nullable Path workFolder) {
    Opened opened = opened(files, spec, limits, workFolder);
    try (Dataset dataset = opened.dataset()) {
      opened.check();
      dataset.get(0);
      dataset.get(dataset.size() - 1);
      return new DatasetSummary(
          opened.format().name().toLowerCase(Locale.ROOT),
          dataset.size(),
          dataset.schema(),
          dataset.classHistogram());
    }
  }

  private static Opened opened(
      List<DataFile> files, DatasetSpec spec, DataLimits limits, @Nullable Path workFolder) {
    Spool spool = new Spool(workFolder, limits);
    try {
      return DatasetOpener.open(files, spec, limits, spool);
    } catch (IOException e) {
      spool.close();
      throw new DataException(Code.IO, "", "the data set cannot be read: " + e.getMessage(), e);
    } catch (RuntimeException e) {
      spool.close();
      throw e;
    }
  }
}
