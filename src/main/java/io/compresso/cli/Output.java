package io.compresso.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;

/** How commands report: tables for people, JSON for programs. */
final class Output {
  private static final JsonMapper JSON =
      JsonMapper.builder().enable(SerializationFeature.INDENT_OUTPUT).build();

  private Output() {}

  /** Writes {@code value} to {@code file}, or to {@code out} where the file is {@code -}. */
  static void json(@Nullable Path file, Object value, PrintWriter out) throws IOException {
    if (file == null) {
      return;
    }
    String text = json(value);
    if (file.toString().equals("-")) {
      out.print(text);
      out.flush();
    } else {
      Files.writeString(file, text);
    }
  }

  /** {@code value} as indented JSON, with a line's end. */
  static String json(Object value) {
    return JSON.writeValueAsString(value) + System.lineSeparator();
  }

  /**
   * Rows under a header, in columns as wide as they need; columns whose cells are all numbers stand
   * right.
   */
  static String table(List<String> header, List<List<String>> rows) {
    int columns = header.size();
    int[] widths = header.stream().mapToInt(String::length).toArray();
    boolean[] numeric = new boolean[columns];
    Arrays.fill(numeric, true);
    for (List<String> row : rows) {
      for (int c = 0; c < columns; c++) {
        widths[c] = Math.max(widths[c], row.get(c).length());
        numeric[c] &=
            row.get(c).isEmpty() || row.get(c).matches("[-+]?[\\d,.]+( ?[%xA-Za-z]{1,3})?");
      }
    }
    StringBuilder text = new StringBuilder();
    line(text, header, widths, numeric);
    line(
        text,
        IntStream.of(widths).mapToObj("-"::repeat).collect(Collectors.toList()),
        widths,
        numeric);
    rows.forEach(row -> line(text, row, widths, numeric));
    return text.toString();
  }

  private static void line(
      StringBuilder text, List<String> cells, int[] widths, boolean[] numeric) {
    StringBuilder line = new StringBuilder();
    for (int c = 0; c < widths.length; c++) {
      String padding = " ".repeat(widths[c] - cells.get(c).length());
      line.append(numeric[c] ? padding + cells.get(c) : cells.get(c) + padding).append("  ");
    }
    text.append(line.toString().stripTrailing()).append(System.lineSeparator());
  }

  /** A number of bytes for people, in decimal units. */
  static String bytes(long bytes) {
    if (bytes < 1000) {
      return bytes + " B";
    }
    double value = bytes;
    for (String unit : new String[] {"kB", "MB", "GB"}) {
      value /= 1000;
      if (value < 1000 || unit.equals("GB")) {
        return String.format(Locale.ROOT, "%.1f %s", value, unit);
      }
    }
    throw new AssertionError();
  }

  static String format(String pattern, Object... values) {
    return String.format(Locale.ROOT, pattern, values);
  }
}
