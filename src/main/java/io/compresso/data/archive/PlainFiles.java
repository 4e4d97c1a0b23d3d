package io.compresso.data.archive;

import io.compresso.data.DataException;
import io.compresso.data.DataException.Code;
import io.compresso.data.DataFile;
import java.io.IOException;
import java.io.InputStream;
import java.nio.channels.FileChannel;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Uploaded files that are not in an archive. */
public final class PlainFiles implements Archive {
  private final Map<String, FileChannel> channels = new HashMap<>();
  private final List<Entry> entries;

  private PlainFiles(List<DataFile> files) throws IOException {
    List<Entry> found = new ArrayList<>();
    for (DataFile file : files) {
      String name = EntryNames.normalize(file.name());
      FileChannel channel = FileChannel.open(file.path(), StandardOpenOption.READ);
      FileChannel old = channels.put(name, channel);
      if (old != null) {
        old.close();
      }
      found.add(new Entry(name, channel.size(), 0));
    }
    entries = EntryNames.sorted(found);
  }

  public static PlainFiles open(List<DataFile> files) throws IOException {
    return new PlainFiles(files);
  }

  @Override
  public List<Entry> entries() {
    return entries;
  }

  @Override
  public InputStream open(Entry entry) {
    return new ChannelInputStream(file(entry), entry.offset(), entry.size());
  }

  @Override
  public FileChannel file(Entry entry) {
    FileChannel channel = channels.get(entry.name());
    if (channel == null) {
      throw new DataException(Code.IO, EntryNames.quote(entry.name()), "there is no such file");
    }
    return channel;
  }

  @Override
  public void close() {
    for (FileChannel channel : channels.values()) {
      try {
        channel.close();
      } catch (IOException e) {
        throw new DataException(Code.IO, "", "a file could not be closed", e);
      }
    }
  }
}
