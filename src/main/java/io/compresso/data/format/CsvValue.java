package io.compresso.data.format;

import java.util.Locale;
import java.util.Set;

/** What a field of delimited text may be. */
final class CsvValue {
  private static final Set<String> MISSING = Set.of("", "?", "na", "nan", "null", "n/a");

  private CsvValue() {}

  /** Whether it is one of the usual marks of a value that is not there. */
  static boolean isMissing(String value) {
    return MISSING.contains(value.toLowerCase(Locale.ROOT));
  }

  /** Whether it is a finite decimal number. */
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
}
