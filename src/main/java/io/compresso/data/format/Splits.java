package io.compresso.data.format;

import io.compresso.data.DataException;
import io.compresso.data.DataException.Code;
import io.compresso.data.archive.Entry;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** The parts, such as train and test, that one upload may hold. */
final class Splits {
  private static final List<String> NAMES =
      List.of("train", "training", "test", "t10k", "val", "valid", "validation", "dev");

  private Splits() {}

  /**
   * The entries of the declared split: those in a folder of its name, or with it at the beginning
   * or end of their names.
   *
   * @throws DataException if there is no such split, or several and none is declared
   */
  static List<Entry> of(List<Entry> entries, @Nullable String split) {
    if (split == null) {
      Set<String> found = new TreeSet<>();
      for (Entry entry : entries) {
        String own = splitOf(entry);
        if (own != null) {
          found.add(own);
        }
      }
      if (found.size() > 1) {
        throw new DataException(
            Code.INVALID_SPEC,
            "split",
            "the upload holds " + String.join(", ", found) + "; declare which one to read");
      }
      return entries;
    }
    List<Entry> own = new ArrayList<>();
    for (Entry entry : entries) {
      if (belongs(entry, split.toLowerCase(Locale.ROOT))) {
        own.add(entry);
      }
    }
    if (own.isEmpty()) {
      throw new DataException(Code.INVALID_SPEC, "split", "the upload has no part '" + split + "'");
    }
    return own;
  }

  private static @Nullable String splitOf(Entry entry) {
    for (String name : NAMES) {
      if (belongs(entry, name)) {
        return name;
      }
    }
    return null;
  }

  private static boolean belongs(Entry entry, String split) {
    String[] segments = entry.name().toLowerCase(Locale.ROOT).split("/");
    for (int i = 0; i < segments.length - 1; i++) {
      if (segments[i].equals(split)) {
        return true;
      }
    }
    String base = segments[segments.length - 1];
    int dot = base.indexOf('.');
    String stem = dot > 0 ? base.substring(0, dot) : base;
    return stem.equals(split)
        || stem.startsWith(split + "-")
        || stem.startsWith(split + "_")
        || stem.endsWith("_" + split)
        || stem.endsWith("-" + split);
  }

  /** The name without the split that it ends or begins with. */
  static String without(String name, @Nullable String split) {
    for (String own : split == null ? NAMES : List.of(split)) {
      for (String divider : List.of("_", "-")) {
        if (name.endsWith(divider + own)) {
          return name.substring(0, name.length() - own.length() - 1);
        }
        if (name.startsWith(own + divider)) {
          return name.substring(own.length() + 1);
        }
      }
    }
    return name;
  }
}
