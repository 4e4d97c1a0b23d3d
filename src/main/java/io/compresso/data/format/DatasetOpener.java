package io.compresso.data.format;

import io.compresso.data.DataException;
import io.compresso.data.DataException.Code;
import io.compresso.data.DataFile;
import io.compresso.data.DataLimits;
import io.compresso.data.Dataset;
import io.compresso.data.DatasetSpec;
import io.compresso.data.DatasetSpec.Format;
import io.compresso.data.FieldSpec;
import io.compresso.data.ImageSpec;
import io.compresso.data.LabelSpec;
import io.compresso.data.TextSpec;
import io.compresso.data.archive.Archive;
import io.compresso.data.archive.Containers;
import io.compresso.data.archive.Entry;
import io.compresso.data.archive.Spool;
import io.compresso.data.archive.TarArchive;
import io.compresso.data.archive.ZipArchive;
import io.compresso.data.audio.WavFile;
import io.compresso.data.image.ImageHeader;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Finds out what uploaded files hold and opens it. */
public final class DatasetOpener {
  private static final Set<String> LABEL_NAMES =
      Set.of("label", "labels", "y", "target", "targets", "class", "classes");
  private static final int HEAD = 512;

  private final Archive archive;
  private final Spool spool;
  private final DatasetSpec spec;
  private final DataLimits limits;

  private DatasetOpener(Archive archive, Spool spool, DatasetSpec spec, DataLimits limits) {
    this.archive = archive;
    this.spool = spool;
    this.spec = spec;
    this.limits = limits;
  }

  /**
   * An opened data set.
   *
   * @param format what it is stored as
   */
  public record Opened(Format format, Dataset dataset) {
    /** Reads what can be checked of every sample without decoding it. */
    public void check() {
      switch (dataset) {
        case ImageFolderDataset images -> images.checkHeaders();
        case AudioFolderDataset recordings -> recordings.checkFiles();
        default -> {}
      }
    }
  }

  /** Opens the files; temporary files go into the spool, which the data set closes. */
  public static Opened open(List<DataFile> files, DatasetSpec spec, DataLimits limits, Spool spool)
      throws IOException {
    Archive archive = Containers.open(files, spool, limits);
    try {
      return new DatasetOpener(archive, spool, spec, limits).open();
    } catch (IOException | RuntimeException e) {
      archive.close();
      throw e;
    }
  }

  private void close() {
    archive.close();
    spool.close();
  }

  private Opened open() throws IOException {
    requireContainer();
    List<Entry> entries =
        Splits.of(archive.entries().stream().filter(this::isData).toList(), spec.split());
    if (entries.isEmpty()) {
      throw new DataException(Code.MALFORMED, "", "there is no file of data");
    }
    Format format = format(entries);
    List<Entry> own = new ArrayList<>();
    for (Entry entry : entries) {
      if (entries.size() == 1 || formatOf(entry) == format) {
        own.add(entry);
      } else if (format == Format.IMAGES || format == Format.AUDIO) {
        throw new DataException(
            Code.MALFORMED,
            "entry '" + entry.name() + "'",
            format == Format.IMAGES ? "the file is neither JPEG nor PNG" : "the file is no WAV");
      }
    }
    if (own.isEmpty()) {
      throw new DataException(
          Code.MALFORMED, "", "there is no file of the declared format " + lower(format));
    }
    return new Opened(
        format,
        switch (format) {
          case IMAGES -> images(own);
          case AUDIO -> audio(own);
          case IDX -> arrays(own, true);
          case NPY, NPZ -> arrays(own, false);
          case CSV -> csv(own);
          case AUTO, TAR, ZIP -> throw new IllegalStateException("undetermined format");
        });
  }

  private void requireContainer() {
    boolean fits =
        switch (spec.format()) {
          case TAR -> archive instanceof TarArchive;
          case ZIP, NPZ -> archive instanceof ZipArchive;
          default -> true;
        };
    if (!fits) {
      throw new DataException(
          Code.MALFORMED, "", "the upload is no " + lower(spec.format()) + " archive, as declared");
    }
  }

  private static String lower(Format format) {
    return format.name().toLowerCase(Locale.ROOT);
  }

  /** Whether the entry may be data: neither hidden, nor a description or a vocabulary. */
  private boolean isData(Entry entry) {
    TextSpec text = spec.text();
    if (text != null && CsvTokens.isVocabulary(text, entry)) {
      return false;
    }
    for (String segment : entry.name().split("/")) {
      if (segment.startsWith(".") || segment.equals("__MACOSX")) {
        return false;
      }
    }
    String name = entry.baseName().toLowerCase(Locale.ROOT);
    return !name.startsWith("readme")
        && !name.startsWith("license")
        && !name.endsWith(".md")
        && !name.endsWith(".names")
        && !name.equals("thumbs.db");
  }

  private Format format(List<Entry> entries) throws IOException {
    Format declared = spec.format();
    if (declared != Format.AUTO && declared != Format.TAR && declared != Format.ZIP) {
      return declared == Format.NPZ ? Format.NPY : declared;
    }
    for (Entry entry : entries) {
      Format format = formatOf(entry);
      if (format != null) {
        return format;
      }
    }
    throw new DataException(
        Code.MALFORMED,
        "entry '" + entries.getFirst().name() + "'",
        "the format is not recognised; idx, npy, npz, csv and folders of JPEG, PNG or WAV are read");
  }

  private @Nullable Format formatOf(Entry entry) throws IOException {
    String name = entry.baseName().toLowerCase(Locale.ROOT);
    String plain = name.endsWith(".gz") ? name.substring(0, name.length() - 3) : name;
    if (ImageHeader.isImageName(name)) {
      return Format.IMAGES;
    }
    if (WavFile.isWavName(name)) {
      return Format.AUDIO;
    }
    if (plain.endsWith(".npy")) {
      return Format.NPY;
    }
    if (plain.endsWith("-ubyte") || plain.endsWith(".idx")) {
      return Format.IDX;
    }
    if (plain.endsWith(".csv") || plain.endsWith(".tsv") || plain.endsWith(".data")) {
      return Format.CSV;
    }
    byte[] head = spool.contentHead(archive, entry, HEAD);
    if (NpyFormat.matches(head)) {
      return Format.NPY;
    }
    if (IdxFormat.matches(head)) {
      return Format.IDX;
    }
    return archive.entries().size() == 1 && isText(head) ? Format.CSV : null;
  }

  private static boolean isText(byte[] head) {
    for (byte b : head) {
      if (b >= 0 && b < ' ' && b != '\t' && b != '\n' && b != '\r') {
        return false;
      }
    }
    return head.length > 0;
  }

  private Dataset images(List<Entry> entries) {
    if (spec.fields().size() > 1 || spec.imageOff()) {
      throw new DataException(
          Code.INVALID_SPEC,
          spec.imageOff() ? "image" : "fields",
          "folders of images have one field, which is an image");
    }
    return new ImageFolderDataset(
        new ClassFiles(archive, entries, spec.label(), limits),
        fieldName("image"),
        imageSpec(),
        limits,
        this::close);
  }

  private Dataset audio(List<Entry> entries) {
    if (spec.fields().size() > 1) {
      throw new DataException(Code.INVALID_SPEC, "fields", "recordings have one field");
    }
    return new AudioFolderDataset(
        new ClassFiles(archive, entries, spec.label(), limits),
        fieldName("audio"),
        spec.fields().isEmpty() ? null : spec.fields().getFirst().shape(),
        spec.audio(),
        limits,
        this::close);
  }

  private String fieldName(String usual) {
    return spec.fields().isEmpty() ? usual : spec.fields().getFirst().name();
  }

  private ImageSpec imageSpec() {
    return spec.image() == null ? ImageSpec.DEFAULT : spec.image();
  }

  private Dataset csv(List<Entry> entries) throws IOException {
    if (entries.size() > 1) {
      throw new DataException(
          Code.MALFORMED,
          "",
          "there are several tables: "
              + names(entries)
              + "; upload one, or declare split where their names tell it");
    }
    return CsvFormat.read(archive, entries.getFirst(), spec, spool, limits, this::close);
  }

  private static String names(List<Entry> entries) {
    return entries.stream().limit(10).map(Entry::name).collect(Collectors.joining(", "));
  }

  private Dataset arrays(List<Entry> entries, boolean idx) throws IOException {
    List<ArrayData> arrays = new ArrayList<>();
    for (Entry entry : entries) {
      MemorySegment content = spool.content(archive, entry);
      String name = arrayName(entry);
      arrays.add(idx ? IdxFormat.read(name, content) : NpyFormat.read(name, content));
    }
    ArrayData label = findLabel(arrays, idx);
    List<ArrayData> fields = arrays.stream().filter(array -> array != label).toList();
    for (ArrayData array : arrays) {
      if (array.count() == 0) {
        throw new DataException(Code.MALFORMED, array.name(), "there are no samples");
      }
    }
    return new ArrayDataset(
        columns(fields, idx),
        label == null ? null : Labels.of(label, spec.label()),
        label == null ? 0 : label.count(),
        this::close);
  }

  private static String arrayName(Entry entry) {
    String name = entry.baseName();
    for (String suffix : List.of(".gz", ".npy", ".idx")) {
      if (name.endsWith(suffix)) {
        name = name.substring(0, name.length() - suffix.length());
      }
    }
    return name;
  }

  private @Nullable ArrayData findLabel(List<ArrayData> arrays, boolean idx) {
    LabelSpec label = spec.label();
    if (label.absent()) {
      return null;
    }
    if (label.sources().size() > 1) {
      throw new DataException(Code.INVALID_SPEC, "label", "only one array can hold the labels");
    }
    if (!label.sources().isEmpty()) {
      return require(label.sources().getFirst(), arrays, "label");
    }
    for (ArrayData array : arrays) {
      String name = Splits.without(array.name().toLowerCase(Locale.ROOT), spec.split());
      if (LABEL_NAMES.contains(name) || (idx && name.contains("labels"))) {
        return array;
      }
    }
    List<ArrayData> flat = arrays.stream().filter(array -> array.shape().rank() == 1).toList();
    return idx && arrays.size() == 2 && flat.size() == 1 ? flat.getFirst() : null;
  }

  private ArrayData require(String source, List<ArrayData> arrays, String what) {
    String wanted = arrayName(new Entry(source, 0, 0));
    for (ArrayData array : arrays) {
      if (array.name().equals(wanted)
          || Splits.without(array.name(), spec.split()).equals(wanted)) {
        return array;
      }
    }
    throw new DataException(
        Code.INVALID_SPEC,
        what,
        "there is no array '"
            + source
            + "'; there are "
            + arrays.stream().map(ArrayData::name).collect(Collectors.joining(", ")));
  }

  private List<Column> columns(List<ArrayData> arrays, boolean idx) {
    List<Column> columns = new ArrayList<>();
    boolean found = false;
    if (spec.fields().isEmpty()) {
      long images = arrays.stream().filter(Column::isImage).count();
      for (ArrayData array : arrays) {
        boolean image = isImage(array, idx);
        found |= image;
        String name =
            idx && image && images == 1 ? "image" : Splits.without(array.name(), spec.split());
        columns.add(column(name, array, null, image));
      }
    }
    for (FieldSpec field : spec.fields()) {
      if (field.sources().size() > 1 || (field.sources().isEmpty() && arrays.size() > 1)) {
        throw new DataException(
            Code.INVALID_SPEC,
            "field '" + field.name() + "'",
            "name the one array that it comes from as source");
      }
      ArrayData array =
          field.sources().isEmpty()
              ? arrays.getFirst()
              : require(field.sources().getFirst(), arrays, "field '" + field.name() + "'");
      boolean image = isImage(array, idx);
      found |= image;
      columns.add(column(field.name(), array, field, image));
    }
    if (spec.image() != null && !found) {
      throw new DataException(
          Code.INVALID_SPEC, "image", "no array holds images: bytes of [N,H,W] or [N,H,W,C]");
    }
    return columns;
  }

  private boolean isImage(ArrayData array, boolean idx) {
    return !spec.imageOff() && (idx || spec.image() != null) && Column.isImage(array);
  }

  private Column column(String name, ArrayData array, @Nullable FieldSpec field, boolean image) {
    return image
        ? Column.image(name, array, field, imageSpec(), limits)
        : Column.raw(name, array, field, limits);
  }
}
