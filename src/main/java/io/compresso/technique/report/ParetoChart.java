package io.compresso.technique.report;

import io.compresso.technique.Report;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.function.ToDoubleFunction;
import org.jspecify.annotations.Nullable;

/** The variants that were tried: accuracy against size and against time. */
final class ParetoChart {
  private static final double WIDTH = 470;
  private static final double HEIGHT = 330;
  private static final double LEFT = 62;
  private static final double RIGHT = 450;
  private static final double TOP = 22;
  private static final double BOTTOM = 280;
  private static final int MOST_MARKS = 200;

  private final Markup out;
  private final List<Report.Variant> variants;
  private final boolean byLoss;
  private final @Nullable Double allowed;

  private ParetoChart(Markup out, Report report) {
    this.out = out;
    this.variants = report.variants().stream().limit(MOST_MARKS).toList();
    this.byLoss = variants.stream().anyMatch(variant -> known(variant.drop(), variant));
    this.allowed =
        report.goals().stream()
            .filter(goal -> goal.goal().startsWith("accuracy."))
            .findFirst()
            .map(Report.GoalResult::required)
            .orElse(null);
  }

  private static boolean known(@Nullable Double figure, Report.Variant variant) {
    return figure != null && !variant.role().equals("parent");
  }

  /** A variant in a chart; {@code y} is infinite for outputs that are equal to the parent's. */
  private record Point(Report.Variant variant, String label, double x, double y) {}

  static void write(Markup out, Report report) {
    out.open("section", "id", "variants").leaf("h2", "Variants tried");
    new ParetoChart(out, report).write();
    out.end();
  }

  private void write() {
    boolean bySqnr = variants.stream().anyMatch(variant -> known(variant.sqnrDb(), variant));
    if (!byLoss && !bySqnr) {
      out.leaf(
          "p",
          "Neither accuracy nor agreement was measured, for want of evaluation data, so that there is"
              + " nothing to hold against size and time.",
          "class",
          "none");
      if (!variants.isEmpty()) {
        table();
      }
      return;
    }
    long tried = variants.stream().filter(variant -> variant.role().equals("tried")).count();
    out.leaf(
        "p",
        (tried == 0
                ? "No search was asked for (exclude: auto with a goal for accuracy), so that there is"
                    + " the parent and the result."
                : "The search tried %d variants on all evaluation data.".formatted(tried))
            + " Further up is more accurate, further left is smaller or faster; the line joins those"
            + " that none beats in both. Measured in ONNX Runtime; time is the parent's in paired"
            + " runs = 100 %.");
    out.open("div", "class", "pair");
    panel("variants-size", "size of the file", ParetoChart::bytes, false);
    if (variants.stream().anyMatch(variant -> known(variant.speedup(), variant))) {
      panel("variants-time", "time of one inference", ParetoChart::time, true);
    } else {
      out.leaf("p", "Latency was not measured.", "class", "none");
    }
    out.end();
    table();
  }

  private static double bytes(Report.Variant variant) {
    return variant.bytes();
  }

  /** Percent of the parent's; NaN when it was not measured. */
  private static double time(Report.Variant variant) {
    Double speedup = variant.speedup();
    return speedup == null || speedup <= 0 ? Double.NaN : 100 / speedup;
  }

  private double height(Report.Variant variant) {
    if (byLoss) {
      Double drop = variant.drop();
      return drop == null ? Double.NaN : -100 * drop;
    }
    Double ratio = variant.sqnrDb();
    boolean parent = variant.role().equals("parent");
    return parent ? Double.POSITIVE_INFINITY : ratio == null ? Double.NaN : ratio;
  }

  private List<Point> points(ToDoubleFunction<Report.Variant> along) {
    List<Point> points = new ArrayList<>();
    int number = 0;
    for (Report.Variant variant : variants) {
      boolean tried = variant.role().equals("tried");
      number += tried ? 1 : 0;
      double x = along.applyAsDouble(variant);
      double y = height(variant);
      if (!Double.isNaN(x) && !Double.isNaN(y)) {
        points.add(new Point(variant, tried ? "" + number : variant.role(), x, y));
      }
    }
    return points;
  }

  private void panel(
      String id, String what, ToDoubleFunction<Report.Variant> along, boolean percent) {
    List<Point> points = points(along);
    double most = points.stream().mapToDouble(Point::x).max().orElse(1);
    Axis across = new Axis(0, Math.max(1e-9, 1.12 * most), LEFT, RIGHT);
    Axis up = up(points);
    Point result = points.getLast();
    out.open("figure").open("div", "class", "scroll");
    Svg svg =
        new Svg(
            out,
            id,
            WIDTH,
            HEIGHT,
            "Accuracy against " + what,
            "%d variants. The result is at %s and %s."
                .formatted(points.size(), along(result.x, percent), level(result.y)));
    for (double tick : up.ticks(5)) {
      svg.line("grid", LEFT, up.place(tick), RIGHT, up.place(tick));
      svg.text("tick end", LEFT - 6, up.place(tick) + 4, Figures.tick(tick));
    }
    for (double tick : across.ticks(5)) {
      svg.line("grid", across.place(tick), TOP, across.place(tick), BOTTOM);
      svg.text("tick middle", across.place(tick), BOTTOM + 18, ticks(tick, percent));
    }
    svg.text("head middle", (LEFT + RIGHT) / 2, HEIGHT - 10, what);
    svg.upwards(
        "head middle",
        14,
        (TOP + BOTTOM) / 2,
        byLoss ? "accuracy against the parent, points" : "signal to noise of the outputs, dB");
    if (byLoss && allowed != null) {
      double y = up.place(-100 * allowed);
      svg.line("goal", LEFT, y, RIGHT, y);
    }
    frontier(svg, points, across, up);
    points.forEach(point -> mark(svg, point, across, up));
    Labels labels = new Labels(svg, LEFT, TOP, RIGHT, BOTTOM);
    points.forEach(point -> labels.avoid(across.place(point.x), place(point, up), 6));
    for (Point point : points.reversed()) {
      boolean tried = point.variant.role().equals("tried");
      labels.beside(
          tried ? "small" : "strong", across.place(point.x), place(point, up), point.label);
    }
    if (byLoss && allowed != null) {
      labels.along(
          "goal-label", up.place(-100 * allowed), "goal: at most " + Figures.points(allowed));
    }
    svg.end();
    out.close().end();
  }

  private static String along(double x, boolean percent) {
    return percent ? Figures.number(x) + " %" : Figures.bytes(Math.round(x));
  }

  private static String ticks(double x, boolean percent) {
    if (percent) {
      return Figures.tick(x) + " %";
    }
    for (double unit = 1e9; unit >= 1000; unit /= 1000) {
      if (x >= unit) {
        return Figures.tick(x / unit) + (unit == 1e9 ? " GB" : unit == 1e6 ? " MB" : " kB");
      }
    }
    return Figures.tick(x);
  }

  private String level(double y) {
    return byLoss
        ? Figures.signed(y, 2) + " points"
        : Double.isInfinite(y) ? "equal outputs" : Figures.decibels(y);
  }

  private Axis up(List<Point> points) {
    double low = Double.POSITIVE_INFINITY;
    double high = Double.NEGATIVE_INFINITY;
    for (Point point : points) {
      if (!Double.isInfinite(point.y)) {
        low = Math.min(low, point.y);
        high = Math.max(high, point.y);
      }
    }
    if (byLoss && allowed != null) {
      low = Math.min(low, -100 * allowed);
    }
    double room = Math.max(byLoss ? 0.2 : 2, high - low) * 0.18;
    return new Axis(low - room, high + room, BOTTOM, TOP);
  }

  private static double place(Point point, Axis up) {
    return Double.isInfinite(point.y) ? TOP + 6 : up.place(point.y);
  }

  private static void frontier(Svg svg, List<Point> points, Axis across, Axis up) {
    List<Point> sorted =
        points.stream()
            .sorted(
                Comparator.comparingDouble(Point::x)
                    .thenComparing(Comparator.comparingDouble(Point::y).reversed()))
            .toList();
    StringBuilder path = new StringBuilder();
    double best = Double.NEGATIVE_INFINITY;
    for (Point point : sorted) {
      if (point.y > best) {
        best = point.y;
        String x = Figures.place(across.place(point.x));
        String y = Figures.place(place(point, up));
        path.append(path.isEmpty() ? "M" + x + " " + y : "H" + x + "V" + y);
      }
    }
    svg.path("frontier", path.toString());
  }

  private void mark(Svg svg, Point point, Axis across, Axis up) {
    double x = across.place(point.x);
    double y = place(point, up);
    String role = point.variant.role();
    boolean tried = role.equals("tried");
    String form = tried ? "circle" : role.equals("parent") ? "square" : "diamond";
    svg.mark("mark " + form, form, x, y, tried ? 5 : 6, tip(point));
  }

  private String tip(Point point) {
    Report.Variant variant = point.variant;
    return "%s: %s, %s, %s of the parent's speed"
        .formatted(
            variant.name(),
            level(point.y),
            Figures.bytes(variant.bytes()),
            Figures.times(variant.speedup()));
  }

  private void table() {
    List<List<String>> rows = new ArrayList<>();
    int number = 0;
    for (Report.Variant variant : variants) {
      boolean tried = variant.role().equals("tried");
      number += tried ? 1 : 0;
      rows.add(
          List.of(
              tried ? number + ": " + variant.name() : variant.name(),
              variant.metric(),
              Figures.points(variant.drop()),
              Figures.decibels(variant.sqnrDb()),
              Figures.bytes(variant.bytes()),
              Figures.times(variant.speedup()),
              Integer.toString(variant.runs())));
    }
    Table.folded(
        out,
        "The variants as a table",
        "Variants, in the order in which they were tried",
        List.of(
            "Variant",
            "Metric",
            "#Loss, points",
            "#SQNR of the outputs",
            "#File",
            "#Speedup",
            "#Pairs of runs"),
        rows);
  }
}
