package io.compresso.data.format;

import io.compresso.data.DataException;
import io.compresso.data.DataException.Code;
import io.compresso.data.LabelKind;
import io.compresso.data.LabelSpec;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** Which columns of a table are labels, and what they mean. */
final class CsvLabels {
  static final int MAX_CLASSES = 65_536;
  private static final int MAX_GUESSED_CLASSES = 100;
  private static final Set<String> FLAGS = Set.of("0", "1");
  private static final List<String> USUAL_NAMES =
      List.of("label", "labels", "class", "target", "species", "y");

  private final CsvTable table;
  private final LabelSpec spec;
  private final @Nullable Double missing;
  private final List<Integer> candidates;

  /**
   * @param missing what a missing value becomes; null when there is none
   * @throws DataException if a declared column is not there
   */
  CsvLabels(CsvTable table, LabelSpec spec, @Nullable Double missing) {
    this.table = table;
    this.spec = spec;
    this.missing = missing;
    this.candidates = findCandidates();
  }

  /** How the label columns become labels. */
  record Plan(
      LabelKind kind, List<Integer> columns, List<String> classes, CsvWriter.Output output) {}

  /** The columns that may be labels: those declared, those of a usual name, or the last. */
  List<Integer> candidates() {
    return candidates;
  }

  private List<Integer> findCandidates() {
    if (spec.absent()) {
      return List.of();
    }
    if (!spec.sources().isEmpty()) {
      List<Integer> columns = new ArrayList<>();
      for (String source : spec.sources()) {
        columns.addAll(table.resolve(source, "label"));
      }
      return columns;
    }
    List<String> header = table.header();
    if (header != null) {
      for (String name : USUAL_NAMES) {
        for (int c = 0; c < header.size(); c++) {
          if (header.get(c).equalsIgnoreCase(name)) {
            return List.of(c);
          }
        }
      }
    }
    return table.width() > 1 ? List.of(table.width() - 1) : List.of();
  }

  /**
   * What the candidates are, by their values; null if they are no labels.
   *
   * @param scan has the distinct values of the candidates, as many as {@link #MAX_CLASSES}
   * @throws DataException if declared labels cannot be what they are declared to be
   */
  @Nullable Plan plan(CsvScan scan) {
    if (candidates.isEmpty()) {
      return null;
    }
    LabelKind kind = kind(scan);
    if (kind == null) {
      return null;
    }
    for (int column : candidates) {
      scan.requirePresent(column, "the label is missing");
      if (kind != LabelKind.CLASS) {
        scan.requireNumeric(column, missing);
      }
    }
    List<String> header = table.header();
    int first = candidates.getFirst();
    String name = header == null ? "column " + first : header.get(first);
    if (kind != LabelKind.CLASS) {
      CsvWriter.Output numbers = CsvWriter.Output.field(name, candidates, null);
      return new Plan(kind, candidates, spec.classes(), numbers);
    }
    if (candidates.size() > 1) {
      throw new DataException(
          Code.INVALID_SPEC, "label", "a class label is one column, not " + candidates.size());
    }
    TreeSet<String> distinct = scan.distinct().getFirst();
    if (distinct == null) {
      throw new DataException(
          Code.LIMIT_EXCEEDED,
          table.name() + ", column " + table.columnName(first),
          "the label has more than " + MAX_CLASSES + " distinct values");
    }
    boolean whole = !scan.hasText(first) && !scan.hasFractions(first);
    List<String> classes = classes(spec.classes(), distinct, whole);
    return new Plan(kind, candidates, classes, CsvWriter.Output.label(name, first, classes));
  }

  private @Nullable LabelKind kind(CsvScan scan) {
    if (spec.kind() != null) {
      return spec.kind();
    }
    if (candidates.size() > 1) {
      boolean flags =
          scan.distinct().stream().allMatch(values -> values != null && FLAGS.containsAll(values));
      return flags ? LabelKind.MULTI_LABEL : LabelKind.REGRESSION;
    }
    int column = candidates.getFirst();
    TreeSet<String> distinct = scan.distinct().getFirst();
    boolean few = distinct != null && distinct.size() <= MAX_GUESSED_CLASSES;
    if (scan.hasText(column) || !spec.classes().isEmpty() || (few && !scan.hasFractions(column))) {
      return LabelKind.CLASS;
    }
    return !spec.sources().isEmpty() || hasUsualName(column) ? LabelKind.REGRESSION : null;
  }

  private boolean hasUsualName(int column) {
    List<String> header = table.header();
    return header != null && USUAL_NAMES.contains(header.get(column).toLowerCase(Locale.ROOT));
  }

  /**
   * The classes by index. Whole numbers that begin at 0 are indices; other numbers and texts are
   * numbered in their order.
   */
  private static List<String> classes(
      List<String> declared, TreeSet<String> distinct, boolean whole) {
    if (!declared.isEmpty()) {
      return declared;
    }
    if (!whole) {
      return List.copyOf(distinct);
    }
    long[] values =
        distinct.stream()
            .mapToLong(v -> (long) Double.parseDouble(v))
            .sorted()
            .distinct()
            .toArray();
    List<String> names = new ArrayList<>();
    if (values[0] == 0 && values[values.length - 1] < MAX_CLASSES) {
      for (long i = 0; i <= values[values.length - 1]; i++) {
        names.add(Long.toString(i));
      }
    } else {
      for (long value : values) {
        names.add(Long.toString(value));
      }
    }
    return names;
  }
}
