package io.compresso.cli;

import io.compresso.technique.Report;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;

/** Writes a report as its file's name asks. */
final class ReportFile {
  private ReportFile() {}

  /** A form of a report. */
  enum Form {
    HTML,
    MARKDOWN,
    JSON
  }

  /**
   * The form that a file's name stands for.
   *
   * @throws IllegalArgumentException if it stands for none
   */
  static Form form(Path file) {
    String name = String.valueOf(file.getFileName()).toLowerCase(Locale.ROOT);
    return switch (name.substring(name.lastIndexOf('.') + 1)) {
      case "html", "htm" -> Form.HTML;
      case "md" -> Form.MARKDOWN;
      case "json" -> Form.JSON;
      default ->
          throw new IllegalArgumentException(file + ": the name must end in .html, .md or .json");
    };
  }

  static void write(Report report, Path file, Form form) throws IOException {
    Files.writeString(
        file,
        switch (form) {
          case HTML -> report.html();
          case MARKDOWN -> report.markdown();
          case JSON -> Output.json(report.toMap());
        });
  }
}
