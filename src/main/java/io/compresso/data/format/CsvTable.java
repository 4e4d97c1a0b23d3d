package io.compresso.data.format;

import io.compresso.data.CsvSpec;
import io.compresso.data.DataException;
import io.compresso.data.DataException.Code;
import io.compresso.data.DataLimits;
import io.compresso.data.archive.Archive;
import io.compresso.data.archive.Entry;
import io.compresso.data.archive.Spool;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * A file of delimited text as a table: its delimiter, the names of its columns and their number.
 * What the specification does not declare is found out from the file's beginning.
 */
final class CsvTable {
  private static final int HEAD_BYTES = 1 << 18;
  private static final int HEAD_ROWS = 32;
  private static final char[] DELIMITERS = {',', ';', '\t', '|'};

  private final Archive archive;
  private final Entry entry;
  private final Spool spool;
  private final DataLimits limits;
  private final char delimiter;
  private final @Nullable List<String> header;
  private final int width;

  /**
   * Reads the file's beginning.
   *
   * @throws DataException if it holds no row
   */
  CsvTable(Archive archive, Entry entry, CsvSpec csv, Spool spool, DataLimits limits)
      throws IOException {
    this.archive = archive;
    this.entry = entry;
    this.spool = spool;
    this.limits = limits;
    byte[] head = spool.contentHead(archive, entry, HEAD_BYTES);
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

  private CsvParser parser() throws IOException {
    return new CsvParser(
        spool.stream(archive, entry), entry.name(), delimiter, limits.maxLineBytes());
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
    boolean text =
        first.stream().noneMatch(value -> CsvValue.isNumber(value) || CsvValue.isMissing(value));
    return text && second != null && second.stream().anyMatch(CsvValue::isNumber);
  }

  /** The file's name in the upload. */
  String name() {
    return entry.name();
  }

  /** The number of columns of the first row. */
  int width() {
    return width;
  }

  /** The names of the columns; null when the file gives none. */
  @Nullable List<String> header() {
    return header;
  }

  /** The rows of data, from the first one on. */
  CsvParser rows() throws IOException {
    CsvParser parser = parser();
    if (header != null) {
      parser.next();
    }
    return parser;
  }

  /** What to call a column in messages. */
  String columnName(int column) {
    return header == null ? Integer.toString(column) : column + " (" + header.get(column) + ")";
  }

  /** What to call a field of the file in messages. */
  String where(long line, int column) {
    return "%s, line %d, column %s".formatted(name(), line, columnName(column));
  }

  /**
   * The columns that a source names: a name of the header, {@code last}, an index, or indices as
   * {@code from-to}.
   *
   * @param what names the field of the specification in messages
   * @throws DataException if there is no such column
   */
  List<Integer> resolve(String source, String what) {
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
}
