package io.compresso.data.format;

import io.compresso.data.DataException;
import io.compresso.data.DataException.Code;
import io.compresso.data.DataLimits;
import io.compresso.data.Dataset;
import io.compresso.data.DatasetSchema;
import io.compresso.data.DatasetSchema.Field;
import io.compresso.data.DatasetSchema.LabelSchema;
import io.compresso.data.ImageSpec;
import io.compresso.data.Label;
import io.compresso.data.LabelKind;
import io.compresso.data.LabelSpec;
import io.compresso.data.Sample;
import io.compresso.data.archive.Archive;
import io.compresso.data.archive.Entry;
import io.compresso.data.image.ImageDecoder;
import io.compresso.data.image.ImageHeader;
import io.compresso.data.image.ImageTransform;
import java.io.IOException;
import java.io.InputStream;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Images in one folder for each class. Samples are in the order of their paths, classes in the
 * alphabetical order of the folders unless they are declared.
 */
final class ImageFolderDataset implements Dataset {
  private final Archive archive;
  private final List<Entry> entries;
  private final int @Nullable [] classes;
  private final DatasetSchema schema;
  private final ImageTransform transform;
  private final DataLimits limits;
  private final String field;
  private final Runnable closer;

  ImageFolderDataset(
      Archive archive, List<Entry> entries, Declared declared, DataLimits limits, Runnable closer) {
    this.archive = archive;
    this.entries = entries;
    this.limits = limits;
    this.field = declared.field();
    this.closer = closer;
    LabelSchema label = null;
    int[] indices = null;
    if (!declared.label().absent()) {
      List<String> names = classNames(entries, declared.label());
      if (!names.isEmpty()) {
        label = new LabelSchema(LabelKind.CLASS, "folder", names.size(), names);
        indices = classIndices(entries, names);
      }
    }
    classes = indices;
    ImageSpec image = declared.image();
    ImageHeader first = header(0);
    transform = new ImageTransform(image, first.width(), first.height(), 3);
    Column.requireSize(field, transform.dtype(), transform.shape(), limits);
    schema =
        new DatasetSchema(List.of(new Field(field, transform.dtype(), transform.shape())), label);
  }

  /** What is declared about the images: the field's name, their labels and their preparation. */
  record Declared(String field, LabelSpec label, ImageSpec image) {}

  private static List<String> classNames(List<Entry> entries, LabelSpec spec) {
    if (!spec.classes().isEmpty()) {
      return spec.classes();
    }
    TreeSet<String> names = new TreeSet<>();
    for (Entry entry : entries) {
      names.add(entry.folder());
    }
    return names.size() == 1 && names.contains("") ? List.of() : List.copyOf(names);
  }

  private static int[] classIndices(List<Entry> entries, List<String> names) {
    Map<String, Integer> byName = new HashMap<>();
    for (int i = 0; i < names.size(); i++) {
      byName.put(names.get(i), i);
    }
    int[] indices = new int[entries.size()];
    for (int i = 0; i < indices.length; i++) {
      Entry entry = entries.get(i);
      Integer index = byName.get(entry.folder());
      if (index == null || entry.folder().isEmpty()) {
        throw new DataException(
            Code.MALFORMED,
            "entry '" + entry.name() + "'",
            entry.folder().isEmpty()
                ? "the image lies in no class folder, others do"
                : "the folder is none of the declared classes " + names);
      }
      indices[i] = index;
    }
    return indices;
  }

  /** Reads every image's header and refuses what is no image of a usable size. */
  void checkHeaders() {
    for (int i = 0; i < entries.size(); i++) {
      ImageHeader header = header(i);
      header.requireAtMost(limits.maxImagePixels(), describe(i));
      transform.requireSize(header.width(), header.height(), describe(i));
    }
  }

  private ImageHeader header(int index) {
    return ImageHeader.read(read(index), describe(index));
  }

  private byte[] read(int index) {
    Entry entry = entries.get(index);
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

  @Override
  public DatasetSchema schema() {
    return schema;
  }

  @Override
  public long size() {
    return entries.size();
  }

  @Override
  public Sample get(long index) {
    int at = requireIndex(index);
    String where = describe(index);
    return new Sample(
        Map.of(
            field,
            transform.apply(ImageDecoder.decode(read(at), limits.maxImagePixels(), where), where)),
        label(index));
  }

  @Override
  public @Nullable Label label(long index) {
    int at = requireIndex(index);
    return classes == null ? null : new Label.ClassIndex(classes[at]);
  }

  @Override
  public String describe(long index) {
    return "entry '" + entries.get(requireIndex(index)).name() + "'";
  }

  private int requireIndex(long index) {
    if (index < 0 || index >= entries.size()) {
      throw new IndexOutOfBoundsException("sample " + index + " of " + entries.size());
    }
    return (int) index;
  }

  @Override
  public void close() {
    closer.run();
  }
}
