package io.compresso.data.format;

import io.compresso.data.DataException;
import io.compresso.data.DataException.Code;
import io.compresso.data.DataLimits;
import io.compresso.data.DatasetSchema.LabelSchema;
import io.compresso.data.Label;
import io.compresso.data.LabelKind;
import io.compresso.data.LabelSpec;
import io.compresso.data.archive.Archive;
import io.compresso.data.archive.Entry;
import java.io.IOException;
import java.io.InputStream;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Files of one sample each. Their classes are the folders that they lie in or a part of their
 * names, numbered in alphabetical order unless they are declared.
 */
final class ClassFiles {
  private final Archive archive;
  private final List<Entry> entries;
  private final DataLimits limits;
  private final int @Nullable [] classes;
  private final @Nullable LabelSchema labelSchema;

  /**
   * @throws DataException if a file has no class or none of the declared ones
   */
  ClassFiles(Archive archive, List<Entry> entries, LabelSpec spec, DataLimits limits) {
    this.archive = archive;
    this.entries = entries;
    this.limits = limits;
    LabelSchema label = null;
    int[] indices = null;
    if (!spec.absent()) {
      List<String> names = classNames(entries, spec);
      if (!names.isEmpty()) {
        String source = spec.namePart() == null ? "folder" : "name";
        label = new LabelSchema(LabelKind.CLASS, source, names.size(), names);
        indices = classIndices(entries, names, spec);
      }
    }
    this.classes = indices;
    this.labelSchema = label;
  }

  private static List<String> classNames(List<Entry> entries, LabelSpec spec) {
    if (!spec.classes().isEmpty()) {
      return spec.classes();
    }
    TreeSet<String> names = new TreeSet<>();
    for (Entry entry : entries) {
      names.add(className(entry, spec));
    }
    return names.size() == 1 && names.contains("") ? List.of() : List.copyOf(names);
  }

  private static String className(Entry entry, LabelSpec spec) {
    Integer part = spec.namePart();
    if (part == null) {
      return entry.folder();
    }
    String name = entry.baseName();
    String stem = name.contains(".") ? name.substring(0, name.lastIndexOf('.')) : name;
    String[] parts = stem.split("[_-]", -1);
    if (part >= parts.length || parts[part].isEmpty()) {
      throw new DataException(
          Code.MALFORMED,
          "entry '" + entry.name() + "'",
          "the name has no part %d, which label.namePart says is the class".formatted(part));
    }
    return parts[part];
  }

  private static int[] classIndices(List<Entry> entries, List<String> names, LabelSpec spec) {
    Map<String, Integer> byName = new HashMap<>();
    for (int i = 0; i < names.size(); i++) {
      byName.put(names.get(i), i);
    }
    int[] indices = new int[entries.size()];
    for (int i = 0; i < indices.length; i++) {
      Entry entry = entries.get(i);
      String name = className(entry, spec);
      Integer index = byName.get(name);
      if (index == null || name.isEmpty()) {
        throw new DataException(
            Code.MALFORMED,
            "entry '" + entry.name() + "'",
            name.isEmpty()
                ? "the file lies in no class folder, others do"
                : "'%s' is none of the declared classes %s".formatted(name, names));
      }
      indices[i] = index;
    }
    return indices;
  }

  /** Null when the files have no classes. */
  @Nullable LabelSchema labelSchema() {
    return labelSchema;
  }

  int size() {
    return entries.size();
  }

  /**
   * The content of a file.
   *
   * @throws IndexOutOfBoundsException if there is no such file
   * @throws DataException if it is damaged or over the limit of a sample
   */
  byte[] read(long index) {
    Entry entry = entry(index);
    if (entry.size() > limits.maxSampleBytes()) {
      throw new DataException(
          Code.LIMIT_EXCEEDED,
          describe(index),
          "the file of " + entry.size() + " bytes is over the limit of " + limits.maxSampleBytes());
    }
    try (InputStream in = archive.open(entry)) {
      byte[] bytes = in.readAllBytes();
      if (bytes.length != entry.size()) {
        throw new DataException(
            Code.MALFORMED,
            describe(index),
            "the file has " + bytes.length + " bytes, the archive states " + entry.size());
      }
      return bytes;
    } catch (IOException e) {
      throw new DataException(
          Code.MALFORMED, describe(index), "the entry is damaged: " + e.getMessage(), e);
    }
  }

  @Nullable Label label(long index) {
    Entry _ = entry(index);
    return classes == null ? null : new Label.ClassIndex(classes[(int) index]);
  }

  String describe(long index) {
    return "entry '" + entry(index).name() + "'";
  }

  private Entry entry(long index) {
    if (index < 0 || index >= entries.size()) {
      throw new IndexOutOfBoundsException("sample " + index + " of " + entries.size());
    }
    return entries.get((int) index);
  }
}
