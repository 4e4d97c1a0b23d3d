package io.compresso.data.format;

import io.compresso.data.DataException;
import io.compresso.data.DataException.Code;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** What the first reading of a table finds: its rows, and what kinds of values its columns hold. */
final class CsvScan {
  private final CsvTable table;
  private final int mostDistinct;
  private final long[] textLine;
  private final long[] missingLine;
  private final boolean[] fractional;
  private final List<@Nullable TreeSet<String>> distinct = new ArrayList<>();
  private long rows;

  private CsvScan(CsvTable table, int candidates, int mostDistinct) {
    this.table = table;
    this.mostDistinct = mostDistinct;
    textLine = new long[table.width()];
    missingLine = new long[table.width()];
    fractional = new boolean[table.width()];
    for (int i = 0; i < candidates; i++) {
      distinct.add(new TreeSet<>());
    }
  }

  /**
   * Reads the whole table.
   *
   * @param candidates the columns whose distinct values are collected
   * @param mostDistinct how many of them are kept for a column
   * @throws DataException if there is no row of data, or one of another width than the first
   */
  static CsvScan of(CsvTable table, List<Integer> candidates, int mostDistinct) throws IOException {
    CsvScan scan = new CsvScan(table, candidates.size(), mostDistinct);
    try (CsvParser parser = table.rows()) {
      for (List<String> row = parser.next(); row != null; row = parser.next()) {
        if (row.size() != table.width()) {
          throw new DataException(
              Code.MALFORMED,
              parser.where(),
              "the row has " + row.size() + " columns, the first one " + table.width());
        }
        scan.note(row, parser.rowLine(), candidates);
      }
    }
    if (scan.rows == 0) {
      throw new DataException(Code.MALFORMED, table.name(), "the file holds no row of data");
    }
    return scan;
  }

  private void note(List<String> row, long line, List<Integer> candidates) {
    rows++;
    for (int c = 0; c < row.size(); c++) {
      note(c, row.get(c), line);
    }
    for (int i = 0; i < candidates.size(); i++) {
      TreeSet<String> values = distinct.get(i);
      if (values != null) {
        values.add(row.get(candidates.get(i)));
        if (values.size() > mostDistinct) {
          distinct.set(i, null);
        }
      }
    }
  }

  private void note(int column, String value, long line) {
    if (CsvValue.isMissing(value)) {
      missingLine[column] = missingLine[column] == 0 ? line : missingLine[column];
    } else if (!CsvValue.isNumber(value)) {
      textLine[column] = textLine[column] == 0 ? line : textLine[column];
    } else if (!fractional[column]) {
      double number = Double.parseDouble(value);
      fractional[column] = number != Math.rint(number);
    }
  }

  /** The rows of data. */
  long rows() {
    return rows;
  }

  /** The distinct values of each candidate; null where there are too many. */
  List<@Nullable TreeSet<String>> distinct() {
    return distinct;
  }

  /** Whether a column holds anything but numbers and missing values. */
  boolean hasText(int column) {
    return textLine[column] > 0;
  }

  /** Whether a column holds a number that is not whole. */
  boolean hasFractions(int column) {
    return fractional[column];
  }

  /**
   * @param missing what a missing value becomes; null when there is none
   * @throws DataException if the column holds text, or a missing value that becomes nothing
   */
  void requireNumeric(int column, @Nullable Double missing) {
    if (hasText(column)) {
      throw new DataException(
          Code.MALFORMED,
          table.where(textLine[column], column),
          "a feature must be a number; declare the label column, or the fields' columns");
    }
    if (missing == null) {
      requirePresent(column, "the value is missing; declare csv.missing as the number to use");
    }
  }

  /**
   * @throws DataException with the message, if a value of the column is missing
   */
  void requirePresent(int column, String message) {
    if (missingLine[column] > 0) {
      throw new DataException(Code.MALFORMED, table.where(missingLine[column], column), message);
    }
  }
}
