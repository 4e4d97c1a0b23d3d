package io.compresso.data.format;

import io.compresso.data.Dataset;
import io.compresso.data.Label;
import org.jspecify.annotations.Nullable;

/** Samples that are a file each, in the order of their paths; labels are told by the paths. */
abstract class FolderDataset implements Dataset {
  final ClassFiles files;
  final String field;
  private final Runnable closer;

  /**
   * @param field what a sample supplies
   * @param closer runs when the data set is closed
   */
  FolderDataset(ClassFiles files, String field, Runnable closer) {
    this.files = files;
    this.field = field;
    this.closer = closer;
  }

  @Override
  public final long size() {
    return files.size();
  }

  @Override
  public final @Nullable Label label(long index) {
    return files.label(index);
  }

  @Override
  public final String describe(long index) {
    return files.describe(index);
  }

  @Override
  public final void close() {
    closer.run();
  }
}
