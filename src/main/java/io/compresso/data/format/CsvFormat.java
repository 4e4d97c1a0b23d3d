package io.compresso.data.format;

import io.compresso.data.CsvSpec;
import io.compresso.data.DataException;
import io.compresso.data.DataException.Code;
import io.compresso.data.DataLimits;
import io.compresso.data.DatasetSpec;
import io.compresso.data.FieldSpec;
import io.compresso.data.LabelKind;
import io.compresso.data.LabelSpec;
import io.compresso.data.TextSpec;
import io.compresso.data.archive.Archive;
import io.compresso.data.archive.Entry;
import io.compresso.data.archive.Spool;
import io.compresso.data.text.TextTokenizer;
import io.compresso.data.text.TextTokenizer.Tokens;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Delimited text. It is read twice: once to learn the columns, once to write the values as arrays
 * of numbers into temporary files, from which samples are then read.
 */
final class CsvFormat {
  private static final int HEAD_BYTES = 1 << 18;
  private static final int HEAD_ROWS = 32;
  private static final int MAX_CLASSES = 65_536;
  private static final int MAX_GUESSED_CLASSES = 100;
  private static final List<String> LABEL_NAMES =
      List.of("label", "labels", "class", "target", "species", "y");
  private static final Set<String> MISSING = Set.of("", "?", "na", "nan", "null", "n/a");
  private static final int MOST_VOCABULARY_BYTES = 64 << 20;
  private static final Map<String, Function<Tokens, long[]>> TOKEN_FIELDS = tokenFields();
  private static final char[] DELIMITERS = {',', ';', '\t', '|'};

  private final Archive archive;
  private final Entry entry;
  private final DatasetSpec spec;
  private final Spool spool;
  private final DataLimits limits;
  private final char delimiter;
  private final @Nullable List<String> header;
  private final int width;

  private static Map<String, Function<Tokens, long[]>> tokenFields() {
    Map<String, Function<Tokens, long[]>> fields = new LinkedHashMap<>();
    fields.put("input_ids", Tokens::ids);
    fields.put("attention_mask", Tokens::mask);
    fields.put("token_type_ids", Tokens::types);
    return fields;
  }

  private CsvFormat(Archive archive, Entry entry, DatasetSpec spec, Spool spool, DataLimits limits)
      throws IOException {
    this.archive = archive;
    this.entry = entry;
    this.spec = spec;
    this.spool = spool;
    this.limits = limits;
    byte[] head = spool.contentHead(archive, entry, HEAD_BYTES);
    CsvSpec csv = spec.csv();
    this.delimiter =
        csv.delimiter() != null ? csv.delimiter() : isTabbed(entry) ? '\t' : findDelimiter(head);
    try (CsvParser parser = parser()) {
      List<String> first = parser.next();
      if (first == null) {
        throw new DataException(Code.MALFORMED, entry.name(), "the file holds no row");
      }
      width = first.size();
      List<String> second = parser.next();
      boolean named = csv.header() != null ? csv.header() : isHeader(first, second);
      header = named ? first : null;
    }
  }

  /** The samples of a file; closing them runs {@code closer}. */
  static ArrayDataset read(
      Archive archive,
      Entry entry,
      DatasetSpec spec,
      Spool spool,
      DataLimits limits,
      Runnable closer)
      throws IOException {
    return new CsvFormat(archive, entry, spec, spool, limits).read(closer);
  }

  private CsvParser parser() throws IOException {
    InputStream in = spool.stream(archive, entry);
    return new CsvParser(in, entry.name(), delimiter, limits.maxLineBytes());
  }

  private static boolean isTabbed(Entry entry) {
    String name = entry.name().toLowerCase(Locale.ROOT);
    return name.endsWith(".tsv") || name.endsWith(".tsv.gz");
  }

  private static char findDelimiter(byte[] head) {
    String text = new String(head, StandardCharsets.UTF_8);
    String[] lines =
        (text.startsWith("\uFEFF") ? text.substring(1) : text).split("\r?\n", HEAD_ROWS + 1);
    char best = ',';
    int most = 0;
    for (char candidate : DELIMITERS) {
      int fewest = Integer.MAX_VALUE;
      int complete = Math.max(1, lines.length - 1);
      for (int i = 0; i < complete; i++) {
        if (!lines[i].isBlank() && !lines[i].startsWith("#")) {
          fewest = Math.min(fewest, countOutsideQuotes(lines[i], candidate));
        }
      }
      if (fewest != Integer.MAX_VALUE && fewest > most) {
        most = fewest;
        best = candidate;
      }
    }
    return best;
  }

  private static int countOutsideQuotes(String line, char wanted) {
    int count = 0;
    boolean quoted = false;
    for (int i = 0; i < line.length(); i++) {
      char c = line.charAt(i);
      quoted ^= c == '"';
      count += !quoted && c == wanted ? 1 : 0;
    }
    return count;
  }

  private static boolean isHeader(List<String> first, @Nullable List<String> second) {
    boolean text = first.stream().noneMatch(value -> isNumber(value) || isMissing(value));
    return text && second != null && second.stream().anyMatch(CsvFormat::isNumber);
  }

  static boolean isMissing(String value) {
    return MISSING.contains(value.toLowerCase(Locale.ROOT));
  }

  static boolean isNumber(String value) {
    if (value.isEmpty()) {
      return false;
    }
    for (int i = 0; i < value.length(); i++) {
      char c = value.charAt(i);
      if ((c < '0' || c > '9') && c != '.' && c != '-' && c != '+' && c != 'e' && c != 'E') {
        return false;
      }
    }
    try {
      return Double.isFinite(Double.parseDouble(value));
    } catch (NumberFormatException _) {
      return false;
    }
  }

  private ArrayDataset read(Runnable closer) throws IOException {
    List<Integer> candidates = labelCandidates();
    Scan scan = scan(candidates);
    LabelPlan label = planLabel(candidates, scan);
    TextSpec text = spec.text();
    if (text == null) {
      return read(scan, label, numberFields(), numbers(scan, label), closer);
    }
    Entry vocabulary = vocabulary(text);
    try (TextTokenizer tokenizer =
        new TextTokenizer(text, spool.contentHead(archive, vocabulary, MOST_VOCABULARY_BYTES))) {
      List<FieldSpec> fields = textFields();
      return read(scan, label, fields, tokens(text, fields, tokenizer), closer);
    }
  }

  private ArrayDataset read(
      Scan scan,
      @Nullable LabelPlan label,
      List<FieldSpec> fields,
      List<CsvWriter.Output> outputs,
      Runnable closer)
      throws IOException {
    CsvWriter writer = new CsvWriter(spool, limits, entry.name());
    List<CsvWriter.Output> all = new ArrayList<>(outputs);
    if (label != null) {
      all.add(label.output());
    }
    List<ArrayData> arrays;
    try (CsvParser parser = parser()) {
      if (header != null) {
        parser.next();
      }
      arrays = writer.write(parser, scan.rows, all);
    }
    List<Column> columns = new ArrayList<>();
    for (int i = 0; i < fields.size(); i++) {
      columns.add(Column.raw(fields.get(i).name(), arrays.get(i), fields.get(i), limits));
    }
    Labels labels = null;
    if (label != null) {
      LabelSpec resolved = new LabelSpec(false, List.of(), label.kind(), label.classes(), null);
      labels = Labels.of(arrays.getLast(), resolved);
    }
    return new ArrayDataset(columns, labels, scan.rows, closer);
  }

  private List<FieldSpec> numberFields() {
    return spec.fields().isEmpty()
        ? List.of(new FieldSpec("features", List.of(), null, null))
        : spec.fields();
  }

  private List<CsvWriter.Output> numbers(Scan scan, @Nullable LabelPlan label) {
    List<CsvWriter.Output> outputs = new ArrayList<>();
    for (FieldSpec field : numberFields()) {
      List<Integer> columns = new ArrayList<>();
      for (String source : field.sources()) {
        columns.addAll(resolve(source, "field '" + field.name() + "'"));
      }
      if (columns.isEmpty()) {
        for (int c = 0; c < width; c++) {
          if (label == null || !label.columns().contains(c)) {
            columns.add(c);
          }
        }
      }
      if (columns.isEmpty()) {
        throw new DataException(Code.MALFORMED, entry.name(), "there is no column but the label");
      }
      for (int column : columns) {
        requireNumeric(column, scan);
      }
      outputs.add(CsvWriter.Output.field(field.name(), columns, spec.csv().missing()));
    }
    return outputs;
  }

  /** Whether the entry is the vocabulary that is declared, by its path or its last segment. */
  static boolean isVocabulary(TextSpec text, Entry entry) {
    return entry.name().equals(text.vocabulary()) || entry.baseName().equals(text.vocabulary());
  }

  private Entry vocabulary(TextSpec text) {
    for (Entry candidate : archive.entries()) {
      if (isVocabulary(text, candidate)) {
        if (candidate.size() >= MOST_VOCABULARY_BYTES) {
          throw new DataException(
              Code.LIMIT_EXCEEDED,
              "entry '" + candidate.name() + "'",
              "a vocabulary may have %d bytes at most".formatted(MOST_VOCABULARY_BYTES));
        }
        return candidate;
      }
    }
    throw new DataException(
        Code.INVALID_SPEC,
        "text.vocabulary",
        "there is no file '%s' in the upload; put it into the archive beside the table"
            .formatted(text.vocabulary()));
  }

  private List<FieldSpec> textFields() {
    if (!spec.fields().isEmpty()) {
      return spec.fields();
    }
    return TOKEN_FIELDS.keySet().stream()
        .map(name -> new FieldSpec(name, List.of(name), null, null))
        .toList();
  }

  private List<CsvWriter.Output> tokens(
      TextSpec text, List<FieldSpec> fields, TextTokenizer tokenizer) {
    List<Integer> columns = resolve(text.column(), "text.column");
    if (columns.size() != 1) {
      throw new DataException(Code.INVALID_SPEC, "text.column", "must be one column");
    }
    List<CsvWriter.Output> outputs = new ArrayList<>();
    for (FieldSpec field : fields) {
      String source = field.sources().size() == 1 ? field.sources().getFirst() : field.name();
      Function<Tokens, long[]> part = TOKEN_FIELDS.get(source);
      if (part == null) {
        throw new DataException(
            Code.INVALID_SPEC,
            "field '" + field.name() + "'",
            "name as source what of the text it takes: one of " + TOKEN_FIELDS.keySet());
      }
      outputs.add(
          CsvWriter.Output.text(
              field.name(),
              columns.getFirst(),
              text.maxLength(),
              value -> part.apply(tokenizer.tokens(value))));
    }
    return outputs;
  }

  /** The columns that may be labels: those declared, those of a usual name, or the last. */
  private List<Integer> labelCandidates() {
    LabelSpec label = spec.label();
    if (label.absent()) {
      return List.of();
    }
    if (!label.sources().isEmpty()) {
      List<Integer> columns = new ArrayList<>();
      for (String source : label.sources()) {
        columns.addAll(resolve(source, "label"));
      }
      return columns;
    }
    if (header != null) {
      for (String name : LABEL_NAMES) {
        for (int c = 0; c < width; c++) {
          if (header.get(c).equalsIgnoreCase(name)) {
            return List.of(c);
          }
        }
      }
    }
    return width > 1 ? List.of(width - 1) : List.of();
  }

  private List<Integer> resolve(String source, String what) {
    int named = header == null ? -1 : header.indexOf(source);
    if (named >= 0) {
      return List.of(named);
    }
    if (source.equals("last")) {
      return List.of(width - 1);
    }
    int dash = source.indexOf('-', 1);
    Integer from = index(dash < 0 ? source : source.substring(0, dash));
    Integer to = dash < 0 ? from : index(source.substring(dash + 1));
    if (from == null || to == null || from > to) {
      throw new DataException(
          Code.INVALID_SPEC,
          what,
          "there is no column '"
              + source
              + "'; there are "
              + (header == null ? width + " without names" : String.join(", ", header)));
    }
    List<Integer> columns = new ArrayList<>();
    for (int c = from; c <= to; c++) {
      columns.add(c);
    }
    return columns;
  }

  private @Nullable Integer index(String text) {
    try {
      int index = Integer.parseInt(text.strip());
      return index >= 0 && index < width ? index : null;
    } catch (NumberFormatException _) {
      return null;
    }
  }

  private void requireNumeric(int column, Scan scan) {
    String where = "%s, line %d, column %s";
    if (scan.textLine[column] > 0) {
      throw new DataException(
          Code.MALFORMED,
          where.formatted(entry.name(), scan.textLine[column], columnName(column)),
          "a feature must be a number; declare the label column, or the fields' columns");
    }
    if (scan.missingLine[column] > 0 && spec.csv().missing() == null) {
      throw new DataException(
          Code.MALFORMED,
          where.formatted(entry.name(), scan.missingLine[column], columnName(column)),
          "the value is missing; declare csv.missing as the number to use");
    }
  }

  private String columnName(int column) {
    return header == null ? Integer.toString(column) : column + " (" + header.get(column) + ")";
  }

  /** What the first reading found. */
  private static final class Scan {
    long rows;
    final long[] textLine;
    final long[] missingLine;
    final boolean[] fractional;
    final List<@Nullable TreeSet<String>> distinct = new ArrayList<>();

    Scan(int width, int candidates) {
      textLine = new long[width];
      missingLine = new long[width];
      fractional = new boolean[width];
      for (int i = 0; i < candidates; i++) {
        distinct.add(new TreeSet<>());
      }
    }
  }

  private Scan scan(List<Integer> candidates) throws IOException {
    Scan scan = new Scan(width, candidates.size());
    try (CsvParser parser = parser()) {
      if (header != null) {
        parser.next();
      }
      for (List<String> row = parser.next(); row != null; row = parser.next()) {
        if (row.size() != width) {
          throw new DataException(
              Code.MALFORMED,
              parser.where(),
              "the row has " + row.size() + " columns, the first one " + width);
        }
        scan.rows++;
        for (int c = 0; c < width; c++) {
          note(scan, c, row.get(c), parser.rowLine());
        }
        for (int i = 0; i < candidates.size(); i++) {
          TreeSet<String> values = scan.distinct.get(i);
          if (values != null) {
            values.add(row.get(candidates.get(i)));
            if (values.size() > MAX_CLASSES) {
              scan.distinct.set(i, null);
            }
          }
        }
      }
    }
    if (scan.rows == 0) {
      throw new DataException(Code.MALFORMED, entry.name(), "the file holds no row of data");
    }
    return scan;
  }

  private static void note(Scan scan, int column, String value, long line) {
    if (isMissing(value)) {
      scan.missingLine[column] = scan.missingLine[column] == 0 ? line : scan.missingLine[column];
    } else if (!isNumber(value)) {
      scan.textLine[column] = scan.textLine[column] == 0 ? line : scan.textLine[column];
    } else if (!scan.fractional[column]) {
      double number = Double.parseDouble(value);
      scan.fractional[column] = number != Math.rint(number);
    }
  }

  /** How the label columns become labels. */
  private record LabelPlan(
      LabelKind kind, List<Integer> columns, List<String> classes, CsvWriter.Output output) {}

  private @Nullable LabelPlan planLabel(List<Integer> columns, Scan scan) {
    if (columns.isEmpty()) {
      return null;
    }
    LabelSpec label = spec.label();
    boolean declared = !label.sources().isEmpty() || label.kind() != null;
    boolean named =
        header != null
            && LABEL_NAMES.contains(header.get(columns.getFirst()).toLowerCase(Locale.ROOT));
    LabelKind kind = label.kind();
    int first = columns.getFirst();
    TreeSet<String> distinct = scan.distinct.getFirst();
    if (kind == null && columns.size() > 1) {
      boolean flags =
          scan.distinct.stream()
              .allMatch(values -> values != null && Set.of("0", "1").containsAll(values));
      kind = flags ? LabelKind.MULTI_LABEL : LabelKind.REGRESSION;
    } else if (kind == null) {
      boolean text = scan.textLine[first] > 0;
      boolean few = distinct != null && distinct.size() <= MAX_GUESSED_CLASSES;
      boolean classes = text || !label.classes().isEmpty() || (!scan.fractional[first] && few);
      if (!classes && !declared && !named) {
        return null;
      }
      kind = classes ? LabelKind.CLASS : LabelKind.REGRESSION;
    }
    for (int column : columns) {
      if (scan.missingLine[column] > 0) {
        throw new DataException(
            Code.MALFORMED,
            "%s, line %d, column %s"
                .formatted(entry.name(), scan.missingLine[column], columnName(column)),
            "the label is missing");
      }
      if (kind != LabelKind.CLASS) {
        requireNumeric(column, scan);
      }
    }
    String name = header == null ? "column " + first : header.get(first);
    if (kind != LabelKind.CLASS) {
      return new LabelPlan(
          kind, columns, label.classes(), CsvWriter.Output.field(name, columns, null));
    }
    if (columns.size() > 1) {
      throw new DataException(
          Code.INVALID_SPEC, "label", "a class label is one column, not " + columns.size());
    }
    if (distinct == null) {
      throw new DataException(
          Code.LIMIT_EXCEEDED,
          entry.name() + ", column " + columnName(first),
          "the label has more than " + MAX_CLASSES + " distinct values");
    }
    boolean whole = scan.textLine[first] == 0 && !scan.fractional[first];
    List<String> classes = classes(label.classes(), distinct, whole);
    return new LabelPlan(kind, columns, classes, CsvWriter.Output.label(name, first, classes));
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
