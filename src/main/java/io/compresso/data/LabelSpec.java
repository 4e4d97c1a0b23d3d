package io.compresso.data;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Where the labels are.
 *
 * @param absent whether the samples are declared to have no labels
 * @param sources columns (by name or index from 0, or {@code last}) of a CSV file, the name of an
 *     array, or of a file; empty to find them by the usual names
 * @param kind null to tell it from the values
 * @param classes names of the classes by index; empty to find them in the data
 * @param namePart for files, which part of their names, counted from 0 and divided by '_' and '-',
 *     is the class; null for the folder
 */
public record LabelSpec(
    boolean absent,
    List<String> sources,
    @Nullable LabelKind kind,
    List<String> classes,
    @Nullable Integer namePart) {
  /** Labels are looked for by the usual names. */
  public static final LabelSpec AUTO = new LabelSpec(false, List.of(), null, List.of(), null);

  /** There are no labels. */
  public static final LabelSpec NONE = new LabelSpec(true, List.of(), null, List.of(), null);

  public LabelSpec {
    sources = List.copyOf(sources);
    classes = List.copyOf(classes);
    if (classes.stream().distinct().count() != classes.size()) {
      throw SpecReader.invalid("label.classes", "holds a name twice");
    }
  }

  static LabelSpec of(SpecReader parent, String key) {
    Object value = parent.value(key);
    return switch (value) {
      case null -> AUTO;
      case Boolean use -> use ? AUTO : NONE;
      case String text when text.equals("none") -> NONE;
      case String text -> new LabelSpec(false, List.of(text), null, List.of(), null);
      case Number index -> new LabelSpec(false, List.of(index.toString()), null, List.of(), null);
      case List<?> _ -> new LabelSpec(false, parent.strings(key), null, List.of(), null);
      case Map<?, ?> map -> {
        SpecReader spec = new SpecReader(parent.path(key), map);
        List<String> sources = List.of();
        for (String source : List.of("column", "columns", "field", "file")) {
          List<String> named = spec.strings(source);
          if (!named.isEmpty() && !sources.isEmpty()) {
            throw SpecReader.invalid(
                spec.path(source), "only one of column, columns, field and file may be given");
          }
          sources = named.isEmpty() ? sources : named;
        }
        Long part = spec.whole("namePart", 0);
        LabelSpec label =
            new LabelSpec(
                false,
                sources,
                spec.choice("kind", LabelKind.class),
                spec.strings("classes"),
                part == null ? null : (int) Math.min(part, Integer.MAX_VALUE));
        spec.end();
        yield label;
      }
      default -> throw SpecReader.invalid(parent.path(key), "must be a name, none or an object");
    };
  }
}
