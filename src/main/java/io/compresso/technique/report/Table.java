package io.compresso.technique.report;

import java.util.List;

/** Tables: one caption, one header, cells that hold figures at the right. */
final class Table {
  private Table() {}

  /**
   * Writes a table.
   *
   * @param header names of the columns; those that begin with {@code #} hold figures
   * @param rows as many cells each; the first is the row's name
   */
  static void write(Markup out, String caption, List<String> header, List<List<String>> rows) {
    out.open("div", "class", "scroll").open("table");
    out.leaf("caption", caption);
    out.open("thead").open("tr");
    for (String name : header) {
      if (isFigure(name)) {
        out.leaf("th", name.substring(1), "scope", "col", "class", "figure");
      } else {
        out.leaf("th", name, "scope", "col");
      }
    }
    out.close().end();
    out.open("tbody");
    for (List<String> row : rows) {
      out.open("tr");
      for (int i = 0; i < row.size(); i++) {
        if (i == 0) {
          out.leaf("th", row.get(i), "scope", "row");
        } else if (isFigure(header.get(i))) {
          out.leaf("td", row.get(i), "class", "figure");
        } else {
          out.leaf("td", row.get(i));
        }
      }
      out.end();
    }
    out.close().close().end();
  }

  private static boolean isFigure(String name) {
    return name.startsWith("#");
  }

  /** Writes a table that is shown when it is asked for. */
  static void folded(
      Markup out, String summary, String caption, List<String> header, List<List<String>> rows) {
    out.open("details").leaf("summary", summary);
    write(out, caption, header, rows);
    out.end();
  }
}
