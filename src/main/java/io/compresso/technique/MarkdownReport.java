package io.compresso.technique;

import java.util.List;
import java.util.Locale;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** Writes a report as Markdown. */
final class MarkdownReport {
  private final StringBuilder text = new StringBuilder();

  private MarkdownReport() {}

  static String of(Report report) {
    MarkdownReport writer = new MarkdownReport();
    writer.write(report);
    return writer.text.toString();
  }

  private void write(Report report) {
    line("# " + (report.job().isEmpty() ? "Compression report" : escape(report.job())));
    line("");
    line(
        "**"
            + report.verdict().result()
            + "** in "
            + report.verdict().runtime()
            + ", gate: "
            + report.gate());
    line("");
    report.verdict().reasons().forEach(reason -> line("- " + escape(reason)));
    Report.Size size = report.size();
    table(
        "Size",
        List.of("", "Parent", "Result", "Ratio"),
        List.of(
            List.of("file, bytes", "" + size.parent(), "" + size.child(), number(size.ratio(), 3)),
            List.of(
                "compressed weights, bytes",
                "" + size.quantizedFp32(),
                "" + size.quantized(),
                number(size.quantizedRatio(), 3))));
    rows(
        "Accuracy",
        List.of("Runtime", "Metric", "Samples", "Parent", "Result", "Drop"),
        report.accuracy(),
        row ->
            List.of(
                row.runtime(),
                row.metric(),
                "" + row.samples(),
                number(row.parent(), 4),
                number(row.child(), 4),
                number(row.drop(), 4)));
    rows(
        "Agreement with the parent",
        List.of("Runtime", "Output", "Samples", "Same top-1", "SQNR, dB", "Largest error"),
        report.agreement(),
        row ->
            List.of(
                row.runtime(),
                escape(row.output()),
                "" + row.samples(),
                number(row.top1(), 4),
                number(row.sqnrDb(), 1),
                String.format(Locale.ROOT, "%.3g", row.maxError())));
    rows(
        "Latency, ms",
        List.of(
            "Runtime",
            "Batch",
            "Threads",
            "Parent p50 / p95 / p99",
            "Result p50 / p95 / p99",
            "Speedup",
            "10th to 90th percentile"),
        report.latency(),
        row ->
            List.of(
                row.runtime(),
                "" + row.batch(),
                "" + row.threads(),
                percentiles(row.parent()),
                percentiles(row.child()),
                number(row.ratio(), 2),
                number(row.ratioLow(), 2) + " to " + number(row.ratioHigh(), 2)));
    Report.Operators operators = report.operators();
    rows(
        "Time by kind of operator in this engine, microseconds",
        List.of("Operator", "Parent", "Result"),
        operators == null ? List.of() : operators.types(),
        row -> List.of(row.opType(), number(row.parentMicros(), 1), number(row.childMicros(), 1)));
    rows(
        "Variants",
        List.of("Variant", "Metric", "Loss", "SQNR, dB", "File, bytes", "Speedup"),
        report.variants(),
        row ->
            List.of(
                escape(row.name()),
                row.metric(),
                number(row.drop(), 4),
                number(row.sqnrDb(), 1),
                "" + row.bytes(),
                number(row.speedup(), 2)));
    rows(
        "Estimates of the advice",
        List.of("Advice", "Figure", "Estimate", "Measured", "Measured / estimate"),
        report.estimates(),
        row ->
            List.of(
                row.advice(),
                row.quantity(),
                number(row.estimate(), 3),
                number(row.measured(), 3),
                number(row.ratio(), 3)));
    rows(
        "Layers",
        List.of(
            "Node",
            "Operator",
            "Precision",
            "Weights",
            "SQNR when only it is compressed, dB",
            "Loss when only it is compressed",
            "Note"),
        report.layers(),
        row ->
            List.of(
                escape(row.node()),
                row.opType(),
                row.precision(),
                "" + row.weights(),
                number(row.sqnrDb(), 1),
                number(row.drop(), 4),
                escape(row.note())));
    rows(
        "Goals",
        List.of("Goal", "Required", "Actual", "Reached"),
        report.goals(),
        row ->
            List.of(
                row.goal(),
                number(row.required(), 4),
                number(row.actual(), 4),
                row.reached() ? "yes" : "no"));
    if (!report.notes().isEmpty()) {
      line("");
      line("## Notes");
      line("");
      report.notes().forEach(note -> line("- " + escape(note)));
    }
    rows(
        "Stages",
        List.of("Stage", "Seconds"),
        report.stages(),
        row -> List.of(row.name(), number(row.seconds(), 2)));
    line("");
    line("Seed " + report.seed() + ", " + report.versions() + ", CPU " + report.cpu());
  }

  private <T> void rows(
      String title, List<String> header, List<T> items, Function<T, List<String>> cells) {
    if (!items.isEmpty()) {
      table(title, header, items.stream().map(cells).toList());
    }
  }

  private void table(String title, List<String> header, List<List<String>> rows) {
    line("");
    line("## " + title);
    line("");
    line("| " + String.join(" | ", header) + " |");
    line("|" + " --- |".repeat(header.size()));
    rows.forEach(row -> line("| " + String.join(" | ", row) + " |"));
  }

  private static String percentiles(Report.Percentiles p) {
    return number(p.p50(), 3) + " / " + number(p.p95(), 3) + " / " + number(p.p99(), 3);
  }

  private static String number(@Nullable Double value, int digits) {
    return value == null ? "-" : String.format(Locale.ROOT, "%." + digits + "f", value);
  }

  private static String escape(String text) {
    return text.replace("\\", "\\\\")
        .replace("|", "\\|")
        .replace("<", "&lt;")
        .replace("\n", " ")
        .replace("\r", " ");
  }

  private void line(String line) {
    text.append(line).append('\n');
  }
}
