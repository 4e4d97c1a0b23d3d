package io.compresso.technique.report;

/** Draws one chart into a page. */
final class Svg {
  private final Markup out;

  /**
   * Begins a chart.
   *
   * @param id unique in the page
   * @param title what it shows
   * @param description what is to be seen in it, for those who do not see it
   */
  Svg(Markup out, String id, double width, double height, String title, String description) {
    this.out = out;
    out.open(
        "svg",
        "viewBox",
        "0 0 " + Figures.place(width) + " " + Figures.place(height),
        "width",
        Figures.place(width),
        "height",
        Figures.place(height),
        "role",
        "img",
        "aria-labelledby",
        id + "-title " + id + "-desc");
    out.leaf("title", title, "id", id + "-title");
    out.leaf("desc", description, "id", id + "-desc");
  }

  void end() {
    out.end();
  }

  void text(String style, double x, double y, String text) {
    out.leaf("text", text, "class", style, "x", Figures.place(x), "y", Figures.place(y));
  }

  /** A text whose whole form shows when it is pointed at. */
  void clipped(String style, double x, double y, String text, int length) {
    out.open("text", "class", style, "x", Figures.place(x), "y", Figures.place(y));
    out.leaf("title", text);
    out.text(Figures.clip(text, length)).close();
  }

  /** A text that runs upwards. */
  void upwards(String style, double x, double y, String text) {
    String place = Figures.place(x) + " " + Figures.place(y);
    out.leaf("text", text, "class", style, "transform", "translate(" + place + ") rotate(-90)");
  }

  void line(String style, double x1, double y1, double x2, double y2) {
    out.open(
            "line",
            "class",
            style,
            "x1",
            Figures.place(x1),
            "y1",
            Figures.place(y1),
            "x2",
            Figures.place(x2),
            "y2",
            Figures.place(y2))
        .close();
  }

  /** A bar; one of no width is a hairline, so that it is seen. */
  void bar(String style, double x, double y, double width, double height, String tip) {
    out.open(
        "rect",
        "class",
        style,
        "x",
        Figures.place(x),
        "y",
        Figures.place(y),
        "width",
        Figures.place(Math.max(0.5, width)),
        "height",
        Figures.place(Math.max(0.5, height)));
    out.leaf("title", tip).close();
  }

  void path(String style, String data) {
    out.open("path", "class", style, "d", data).close();
  }

  /** A mark at a place: {@code circle}, {@code square} or {@code diamond}. */
  void mark(String style, String form, double x, double y, double radius, String tip) {
    String data =
        switch (form) {
          case "square" -> box(x, y, radius);
          case "diamond" -> diamond(x, y, radius * 1.3);
          default -> circle(x, y, radius);
        };
    out.open("path", "class", style, "d", data);
    out.leaf("title", tip).close();
  }

  private static String box(double x, double y, double r) {
    return "M"
        + at(x - r, y - r)
        + "H"
        + Figures.place(x + r)
        + "V"
        + Figures.place(y + r)
        + "H"
        + Figures.place(x - r)
        + "Z";
  }

  private static String diamond(double x, double y, double r) {
    return "M" + at(x, y - r) + "L" + at(x + r, y) + "L" + at(x, y + r) + "L" + at(x - r, y) + "Z";
  }

  private static String circle(double x, double y, double r) {
    String arc = "A" + Figures.place(r) + " " + Figures.place(r) + " 0 1 0 ";
    return "M" + at(x - r, y) + arc + at(x + r, y) + arc + at(x - r, y) + "Z";
  }

  static String at(double x, double y) {
    return Figures.place(x) + " " + Figures.place(y);
  }
}
