package io.compresso.technique.quantize;

import java.util.HashSet;
import java.util.Set;

/** Makes names that are not in use yet, the same ones each time. */
final class Names {
  private static final int LONGEST_BASE = 32;

  private final Set<String> used;
  private int counter;

  Names(Set<String> used) {
    this.used = new HashSet<>(used);
  }

  /** A new name: {@code base + suffix}, numbered if the base is long or the name is taken. */
  String fresh(String base, String suffix) {
    String name = base + suffix;
    while (base.length() > LONGEST_BASE || !used.add(name)) {
      name = "t" + counter++ + suffix;
      if (used.add(name)) {
        break;
      }
    }
    return name;
  }
}
