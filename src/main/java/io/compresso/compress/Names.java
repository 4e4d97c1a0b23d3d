package io.compresso.compress;

import io.compresso.store.Problem;
import io.compresso.store.ProblemException;

/** Names that clients give to things. */
final class Names {
  private static final int MAX_LENGTH = 200;

  private Names() {}

  /** Refuses a name that is blank, long, or holds control characters. */
  static void check(String name) {
    String wrong =
        name.isBlank()
            ? "the name is blank"
            : name.length() > MAX_LENGTH
                ? "the name is longer than " + MAX_LENGTH + " characters"
                : name.chars().anyMatch(Character::isISOControl)
                    ? "the name holds control characters"
                    : null;
    if (wrong != null) {
      throw new ProblemException(
          ProblemException.Kind.BAD_REQUEST, Problem.of("bad-name", wrong).atField("/name"));
    }
  }

  /** A name that is safe on any disk and in a header, with an extension. */
  static String fileName(String name, String extension) {
    String safe = name.replaceAll("[^A-Za-z0-9._-]+", "_").replaceAll("^\\.+", "_");
    return safe.endsWith(extension) ? safe : safe + extension;
  }
}
