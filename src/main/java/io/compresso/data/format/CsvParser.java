package io.compresso.data.format;

import io.compresso.data.DataException;
import io.compresso.data.DataException.Code;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Rows of delimited text (RFC 4180: quoted fields may hold delimiters, line ends and doubled
 * quotes). Unquoted fields are stripped. Blank lines and lines that begin with {@code #} are
 * skipped.
 */
final class CsvParser implements AutoCloseable {
  private static final int MAX_COLUMNS = 1 << 20;

  private final BufferedReader in;
  private final String name;
  private final char delimiter;
  private final int maxLine;
  private final StringBuilder field = new StringBuilder();
  private long line = 1;
  private long rowLine;
  private int rowLength;

  CsvParser(InputStream in, String name, char delimiter, int maxLine) throws IOException {
    this.in = new BufferedReader(new InputStreamReader(in, StandardCharsets.UTF_8), 1 << 16);
    this.name = name;
    this.delimiter = delimiter;
    this.maxLine = maxLine;
    this.in.mark(1);
    if (this.in.read() != '\uFEFF') {
      this.in.reset();
    }
  }

  /** The line on which the last row began, from 1. */
  long rowLine() {
    return rowLine;
  }

  /** What to call the last row in messages. */
  String where() {
    return name + ", line " + rowLine;
  }

  /** The fields of the next row; null after the last. */
  @Nullable List<String> next() throws IOException {
    while (true) {
      rowLine = line;
      rowLength = 0;
      int c = in.read();
      if (c < 0) {
        return null;
      }
      if (c == '\n') {
        line++;
      } else if (c == '#') {
        skipLine();
      } else if (c != '\r') {
        List<String> row = row(c);
        if (row.size() > 1 || !row.getFirst().isEmpty()) {
          return row;
        }
      }
    }
  }

  private void skipLine() throws IOException {
    for (int c = in.read(); c >= 0; c = in.read()) {
      if (c == '\n') {
        line++;
        return;
      }
    }
  }

  private List<String> row(int first) throws IOException {
    List<String> row = new ArrayList<>();
    int c = first;
    while (true) {
      field.setLength(0);
      boolean quoted = false;
      while (c == ' ' && delimiter != ' ') {
        c = read();
      }
      if (c == '"') {
        quoted = true;
        quoted();
        c = read();
        while (c == ' ' && delimiter != ' ') {
          c = read();
        }
        if (c >= 0 && c != delimiter && c != '\n' && c != '\r') {
          throw new DataException(
              Code.MALFORMED,
              where() + ", column " + (row.size() + 1),
              "text follows a closing quote");
        }
      }
      while (c >= 0 && c != delimiter && c != '\n' && c != '\r') {
        field.append((char) c);
        c = read();
      }
      row.add(quoted ? field.toString() : field.toString().strip());
      if (row.size() > MAX_COLUMNS) {
        throw new DataException(
            Code.LIMIT_EXCEEDED, where(), "has more than " + MAX_COLUMNS + " columns");
      }
      if (c == '\r') {
        in.mark(1);
        if (in.read() != '\n') {
          in.reset();
        }
        line++;
        return row;
      }
      if (c < 0 || c == '\n') {
        line++;
        return row;
      }
      c = read();
    }
  }

  private void quoted() throws IOException {
    while (true) {
      int c = read();
      if (c < 0) {
        throw new DataException(Code.MALFORMED, where(), "a quote is not closed");
      }
      if (c == '\n') {
        line++;
      }
      if (c == '"') {
        in.mark(1);
        if (in.read() != '"') {
          in.reset();
          return;
        }
      }
      field.append((char) c);
    }
  }

  private int read() throws IOException {
    int c = in.read();
    if (++rowLength > maxLine) {
      throw new DataException(
          Code.LIMIT_EXCEEDED, where(), "the row is longer than " + maxLine + " characters");
    }
    return c;
  }

  @Override
  public void close() throws IOException {
    in.close();
  }
}
