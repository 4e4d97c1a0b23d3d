package io.compresso.cli;

import java.nio.file.NoSuchFileException;

/** What a failure says to a person. */
final class Failures {
  private Failures() {}

  static String text(Throwable failure) {
    if (failure instanceof NoSuchFileException missing) {
      return "no such file: " + missing.getFile();
    }
    String message = failure.getMessage();
    return message == null || message.isBlank() ? failure.getClass().getSimpleName() : message;
  }
}
