package io.compresso.data.archive;

import io.compresso.data.DataException;
import io.compresso.data.DataException.Code;
import io.compresso.data.DataLimits;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/** Checks of the names in an archive. */
final class EntryNames {
  private static final int MAX_LENGTH = 1024;

  private EntryNames() {}

  /**
   * The name without {@code ./} segments.
   *
   * @throws DataException if it is absolute, leaves the archive, or holds what no name should
   */
  static String normalize(String name) {
    if (name.length() > MAX_LENGTH) {
      throw unsafe(name.substring(0, 64) + "...", "the entry's name is too long");
    }
    String slashed = name.replace('\\', '/');
    for (int i = 0; i < name.length(); i++) {
      if (Character.isISOControl(name.charAt(i))) {
        throw unsafe(name, "the entry's name holds a control character");
      }
    }
    if (slashed.startsWith("/") || slashed.matches("[A-Za-z]:/.*")) {
      throw unsafe(name, "the entry's name is absolute");
    }
    List<String> kept = new ArrayList<>();
    for (String segment : slashed.split("/", -1)) {
      if (segment.equals("..")) {
        throw unsafe(name, "the entry's name leaves the archive by '..'");
      }
      if (!segment.isEmpty() && !segment.equals(".")) {
        kept.add(segment);
      }
    }
    return String.join("/", kept);
  }

  /** Sorts the entries by name and refuses a name that is there twice. */
  static List<Entry> sorted(List<Entry> entries) {
    entries.sort(Comparator.comparing(Entry::name));
    for (int i = 1; i < entries.size(); i++) {
      if (entries.get(i).name().equals(entries.get(i - 1).name())) {
        throw new DataException(
            Code.MALFORMED, quote(entries.get(i).name()), "the archive holds this entry twice");
      }
    }
    return List.copyOf(entries);
  }

  static void requireCount(long count, DataLimits limits) {
    if (count > limits.maxEntries()) {
      throw new DataException(
          Code.LIMIT_EXCEEDED, "", "the archive has more than " + limits.maxEntries() + " entries");
    }
  }

  static DataException unsafe(String name, String message) {
    return new DataException(Code.UNSAFE_ARCHIVE, quote(name), message);
  }

  static String quote(String name) {
    StringBuilder text = new StringBuilder("entry '");
    name.chars().forEach(c -> text.append(Character.isISOControl(c) ? '?' : (char) c));
    return text.append('\'').toString();
  }
}
