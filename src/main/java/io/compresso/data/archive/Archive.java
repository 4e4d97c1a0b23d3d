package io.compresso.data.archive;

import io.compresso.data.DataException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.channels.FileChannel;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Named files that are read in place. Safe for several threads at once. Making one checks all names
 * and declared sizes against the limits.
 */
public interface Archive extends AutoCloseable {
  /** Regular files by name, in code unit order of their names; no name twice. */
  List<Entry> entries();

  /** The entry's bytes: exactly {@link Entry#size} of them, or a {@link DataException}. */
  InputStream open(Entry entry) throws IOException;

  /** The file in which the entry lies unpacked at {@link Entry#offset}, or null. */
  @Nullable FileChannel file(Entry entry);

  @Override
  void close();
}
