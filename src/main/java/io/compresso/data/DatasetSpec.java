package io.compresso.data;

import static java.util.Objects.requireNonNullElse;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What is declared about a data set when it is uploaded. All has defaults: an archive of class
 * folders, MNIST's IDX files or a CSV file with a header are read with an empty declaration.
 *
 * @param split reads only this part of an archive that holds several, such as {@code train} and
 *     {@code test}; null for all
 * @param imageOff whether arrays of bytes are declared not to be images
 * @param image how images become tensors; null for {@link ImageSpec#DEFAULT} where there are images
 * @param audio how recordings become tensors
 * @param text how a column of a text file of rows becomes tokens; null when all are numbers
 * @param fields the fields to read; empty for the format's own
 */
public record DatasetSpec(
    Format format,
    @Nullable String split,
    LabelSpec label,
    boolean imageOff,
    @Nullable ImageSpec image,
    AudioSpec audio,
    CsvSpec csv,
    @Nullable TextSpec text,
    List<FieldSpec> fields) {
  /** What the samples are stored as. */
  public enum Format {
    /** Told from the file's content. */
    AUTO,
    /** The MNIST format, each file plain or gzip-compressed. */
    IDX,
    NPY,
    NPZ,
    CSV,
    /** One folder for each class, in a tar or zip archive. */
    IMAGES,
    /** WAV files in a tar or zip archive, one folder for each class or the class in their names. */
    AUDIO,
    /** A tar archive; what is in it is told from the content. */
    TAR,
    /** A zip archive; what is in it is told from the content. */
    ZIP
  }

  /** Everything is told from the content. */
  public static final DatasetSpec AUTO =
      new DatasetSpec(
          Format.AUTO,
          null,
          LabelSpec.AUTO,
          false,
          null,
          AudioSpec.DEFAULT,
          CsvSpec.DEFAULT,
          null,
          List.of());

  public DatasetSpec {
    fields = List.copyOf(fields);
    Set<String> names = new HashSet<>();
    for (FieldSpec field : fields) {
      if (!names.add(field.name())) {
        throw SpecReader.invalid("fields", "the name '" + field.name() + "' is given twice");
      }
    }
  }

  /**
   * The declaration held by maps, lists, strings, numbers and booleans, as a JSON reader gives
   * them.
   *
   * @throws DataException if something is unknown, of a wrong type or out of range; it names the
   *     path, such as {@code image.width}
   */
  public static DatasetSpec of(Map<String, ?> map) {
    SpecReader spec = new SpecReader("", map);
    Object image = spec.value("image");
    SpecReader imageSpec = image instanceof Boolean ? null : spec.object("image");
    SpecReader audio = spec.object("audio");
    SpecReader csv = spec.object("csv");
    SpecReader text = spec.object("text");
    List<FieldSpec> fields = new ArrayList<>();
    List<Object> items = spec.list("fields");
    for (int i = 0; i < items.size(); i++) {
      String path = "fields[" + i + "]";
      switch (items.get(i)) {
        case Map<?, ?> field -> fields.add(FieldSpec.of(new SpecReader(path, field)));
        case String name -> fields.add(new FieldSpec(name, List.of(name), null, null));
        default -> throw SpecReader.invalid(path, "must be an object or a name");
      }
    }
    DatasetSpec result =
        new DatasetSpec(
            requireNonNullElse(spec.choice("format", Format.class), Format.AUTO),
            spec.string("split"),
            LabelSpec.of(spec, "label"),
            Boolean.FALSE.equals(image),
            imageSpec != null
                ? ImageSpec.of(imageSpec)
                : Boolean.TRUE.equals(image) ? ImageSpec.DEFAULT : null,
            audio == null ? AudioSpec.DEFAULT : AudioSpec.of(audio),
            csv == null ? CsvSpec.DEFAULT : CsvSpec.of(csv),
            text == null ? null : TextSpec.of(text),
            fields);
    spec.end();
    return result;
  }
}
