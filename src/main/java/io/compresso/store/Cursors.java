package io.compresso.store;

import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** Cursors of lists: the identifier of the last item that was shown. */
public final class Cursors {
  private Cursors() {}

  /**
   * Reads a cursor of a list by identifier; null from the start.
   *
   * @throws ProblemException when it is none
   */
  public static @Nullable UUID id(@Nullable String cursor) {
    if (cursor == null || cursor.isEmpty()) {
      return null;
    }
    try {
      return UUID.fromString(cursor);
    } catch (IllegalArgumentException _) {
      throw bad(cursor);
    }
  }

  /**
   * Reads a cursor of a list by number; 0 from the start.
   *
   * @throws ProblemException when it is none
   */
  public static long number(@Nullable String cursor) {
    if (cursor == null || cursor.isEmpty()) {
      return 0;
    }
    try {
      long number = Long.parseLong(cursor);
      if (number >= 0) {
        return number;
      }
    } catch (NumberFormatException _) {
      // The message below says it.
    }
    throw bad(cursor);
  }

  private static ProblemException bad(String cursor) {
    String shown = cursor.length() > 40 ? cursor.substring(0, 40) + "..." : cursor;
    return new ProblemException(
        ProblemException.Kind.BAD_REQUEST,
        Problem.of("bad-cursor", "'" + shown + "' is not a cursor of this list")
            .withHint("pass the 'next' of the page before, unchanged"));
  }
}
