package io.compresso.technique.report;

import io.compresso.technique.Report;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Latency by operator before and after. */
final class OperatorChart {
  private static final int MOST_BARS = 24;
  private static final double ROW = 34;
  private static final double TOP = 30;
  private static final double LABELS = 330;
  private static final double BARS_TO = 720;
  private static final double WIDTH = 960;
  private static final int LABEL_LENGTH = 46;

  private OperatorChart() {}

  /** A pair of bars. */
  private record Row(String label, String detail, double parent, double child) {}

  static void write(Markup out, Report report) {
    out.open("section", "id", "operators").leaf("h2", "Latency by operator");
    Report.Operators operators = report.operators();
    if (operators == null || operators.rows().isEmpty()) {
      out.leaf(
          "p",
          "Operators were not timed: this engine did not run both models, or the job's target is not"
              + " the host that it ran on.",
          "class",
          "none");
      out.end();
      return;
    }
    out.open("p")
        .text(
            "Median of %d profiled runs of each model in %s, which took turns; batch %d, %d threads,"
                    .formatted(
                        operators.runs(),
                        operators.runtime(),
                        operators.batch(),
                        operators.threads())
                + " on the CPU named at the end. The operators add up to %s before and %s after:"
                    .formatted(
                        Figures.micros(operators.parentMicros()),
                        Figures.micros(operators.childMicros()))
                + " %s. "
                    .formatted(Figures.times(operators.parentMicros() / operators.childMicros())));
    out.end();
    WeightHistograms.legend(out, true);
    out.leaf("h3", "By kind of operator");
    draw(
        out,
        "operator-types",
        "Time by kind of operator, before and after",
        operators.types().stream()
            .limit(MOST_BARS)
            .map(type -> new Row(type.opType(), "", type.parentMicros(), type.childMicros()))
            .toList());
    out.leaf("h3", "By node of the model");
    List<Row> rows =
        operators.rows().stream()
            .limit(MOST_BARS)
            .map(row -> new Row(label(row), how(row), row.parentMicros(), row.childMicros()))
            .toList();
    draw(out, "operator-nodes", "Time by node, before and after", rows);
    if (operators.rows().size() > rows.size()) {
      out.leaf(
          "p",
          "The %d rows that take least are in the table only."
              .formatted(operators.rows().size() - rows.size()),
          "class",
          "quiet");
    }
    tables(out, operators);
    out.end();
  }

  private static String label(Report.Operator row) {
    List<String> nodes = row.nodes();
    if (nodes.isEmpty()) {
      return "all others";
    }
    String first = nodes.getFirst();
    String text = nodes.size() == 1 ? first : first + " + " + (nodes.size() - 1);
    return row.parentMicros() == 0 ? text + " (new)" : text;
  }

  private static String how(Report.Operator row) {
    String before = String.join(" + ", row.parentOperators());
    String after = String.join(" + ", row.childOperators());
    return before.equals(after) || before.isEmpty() || after.isEmpty()
        ? before.isEmpty() ? after : before
        : before + " \u2192 " + after;
  }

  private static void draw(Markup out, String id, String title, List<Row> rows) {
    double most = rows.stream().mapToDouble(row -> Math.max(row.parent, row.child)).max().orElse(1);
    Axis axis = new Axis(0, Math.max(1e-3, 1.02 * most), LABELS, BARS_TO);
    double height = TOP + ROW * rows.size() + 6;
    Row first = rows.getFirst();
    out.open("figure").open("div", "class", "scroll");
    Svg svg =
        new Svg(
            out,
            id,
            WIDTH,
            height,
            title,
            "Pairs of bars, the longest first. '%s' takes %s before and %s after."
                .formatted(first.label, Figures.micros(first.parent), Figures.micros(first.child)));
    for (double tick : axis.ticks(5)) {
      svg.line("grid", axis.place(tick), TOP - 6, axis.place(tick), height - 4);
      svg.text("tick middle", axis.place(tick), TOP - 12, ticks(tick));
    }
    double y = TOP;
    for (Row row : rows) {
      row(svg, row, y, axis);
      y += ROW;
    }
    svg.end();
    out.close().end();
  }

  private static String ticks(double micros) {
    return micros < 1000 ? Figures.tick(micros) + " \u00b5s" : Figures.tick(micros / 1000) + " ms";
  }

  private static void row(Svg svg, Row row, double y, Axis axis) {
    boolean plain = row.detail.isEmpty();
    svg.clipped("label end", LABELS - 8, y + (plain ? 18 : 12), row.label, LABEL_LENGTH);
    if (!plain) {
      svg.clipped("sub end", LABELS - 8, y + 25, row.detail, LABEL_LENGTH + 8);
    }
    boolean worse = isWorse(row.parent, row.child);
    String tip =
        "%s: %s before, %s after"
            .formatted(row.label, Figures.micros(row.parent), Figures.micros(row.child));
    if (row.parent > 0) {
      svg.bar("before", LABELS, y + 3, axis.place(row.parent) - LABELS, 11, tip);
    }
    if (row.child > 0) {
      svg.bar(worse ? "worse" : "after", LABELS, y + 15, axis.place(row.child) - LABELS, 11, tip);
    }
    double end = axis.place(Math.max(row.parent, row.child));
    svg.text(worse ? "value bad" : "value", end + 8, y + 18, change(row.parent, row.child));
  }

  private static String change(double parent, double child) {
    if (parent == 0) {
      return "new: " + Figures.micros(child);
    }
    String before = Figures.micros(parent) + " \u2192 ";
    return child == 0
        ? before + "gone"
        : before + Figures.micros(child) + ", " + Figures.times(parent / child);
  }

  /** Whether an operator takes longer than it did, by more than what timing scatters. */
  private static boolean isWorse(double parent, double child) {
    return child > 1.05 * parent;
  }

  private static void tables(Markup out, Report.Operators operators) {
    out.open("details").leaf("summary", "All operators as tables, with their kernels");
    Table.write(
        out,
        "Time by kind of operator",
        List.of("Operator", "#Before", "#After", "#Speedup"),
        operators.types().stream()
            .map(type ->
                List.of(
                    type.opType(),
                    Figures.micros(type.parentMicros()),
                    Figures.micros(type.childMicros()),
                    Figures.times(ratio(type.parentMicros(), type.childMicros()))))
            .toList());
    List<List<String>> rows = new ArrayList<>();
    for (Report.Operator row : operators.rows()) {
      rows.add(
          List.of(
              row.nodes().isEmpty() ? "all others" : String.join(", ", row.nodes()),
              how(row),
              Figures.micros(row.parentMicros()),
              Figures.micros(row.childMicros()),
              Figures.times(ratio(row.parentMicros(), row.childMicros())),
              kernels(row, row.parentMicros(), row.parentKernels()),
              kernels(row, row.childMicros(), row.childKernels())));
    }
    Table.write(
        out,
        "Time by nodes that were compiled together",
        List.of(
            "Nodes",
            "Operators",
            "#Before",
            "#After",
            "#Speedup",
            "Kernels before",
            "Kernels after"),
        rows);
    out.end();
  }

  private static @Nullable Double ratio(double parent, double child) {
    return parent > 0 && child > 0 ? parent / child : null;
  }

  private static String kernels(Report.Operator row, double micros, List<String> kernels) {
    return micros == 0 || row.nodes().isEmpty()
        ? ""
        : kernels.isEmpty() ? "(reference)" : String.join(", ", kernels);
  }
}
