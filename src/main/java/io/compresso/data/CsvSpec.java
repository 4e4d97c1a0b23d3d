package io.compresso.data;

import org.jspecify.annotations.Nullable;

/**
 * How a text file of rows is to be read.
 *
 * @param delimiter null to find it among comma, semicolon, tab and bar
 * @param header whether the first row names the columns; null to tell from the values
 * @param missing what an empty field, {@code ?}, {@code NA} or {@code NaN} becomes; null refuses it
 */
public record CsvSpec(
    @Nullable Character delimiter, @Nullable Boolean header, @Nullable Double missing) {
  public static final CsvSpec DEFAULT = new CsvSpec(null, null, null);

  static CsvSpec of(SpecReader spec) {
    String delimiter = spec.string("delimiter");
    if (delimiter != null && delimiter.length() != 1) {
      throw SpecReader.invalid(spec.path("delimiter"), "must be one character");
    }
    CsvSpec csv =
        new CsvSpec(
            delimiter == null ? null : delimiter.charAt(0),
            spec.flag("header"),
            spec.number("missing"));
    spec.end();
    return csv;
  }
}
