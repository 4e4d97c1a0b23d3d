package io.compresso.technique.report;

import io.compresso.technique.Report;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A report as one HTML file: no network, no script, light and dark, well-formed XML. Everything in
 * it comes from the report; what was not measured is said to be so.
 */
public final class HtmlReport {
  private static final int LONG_WORD = 56;
  private static final String STYLE = style();

  private final Markup out = new Markup();
  private final Report report;

  private HtmlReport(Report report) {
    this.report = report;
  }

  private static String style() {
    try (InputStream in = HtmlReport.class.getResourceAsStream("report.css")) {
      return new String(
          Objects.requireNonNull(in, "report.css").readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The page. */
  public static String of(Report report) {
    return new HtmlReport(report).page();
  }

  private String page() {
    String name = report.job().isEmpty() ? "Compression report" : report.job();
    out.open("html", "lang", "en").open("head");
    out.open("meta", "charset", "utf-8");
    out.open("meta", "name", "viewport", "content", "width=device-width, initial-scale=1");
    out.open("meta", "name", "color-scheme", "content", "light dark");
    out.leaf("title", name + " \u00b7 Compresso");
    out.style(STYLE).end();
    out.open("body");
    out.open("header").open("p", "class", "quiet").text("Compresso report").close();
    out.leaf("h1", name);
    badges();
    contents();
    out.end();
    out.open("main");
    tiles();
    verdict();
    accuracy();
    latency();
    estimates();
    ParetoChart.write(out, report);
    LayerErrorChart.write(out, report);
    OperatorChart.write(out, report);
    WeightHistograms.write(out, report);
    new Provenance(out, report).write();
    out.end();
    out.close().end();
    return out.document();
  }

  private void badges() {
    Report.Verdict verdict = report.verdict();
    String good = verdict.result().equals("better") ? "good" : "bad";
    out.open("p", "class", "badges");
    out.leaf("span", verdict.result() + " in " + verdict.runtime(), "class", "badge " + good);
    String gate = report.gate();
    String style = gate.equals("passed") ? "good" : gate.equals("failed") ? "bad" : "plain";
    out.leaf("span", "gate: " + gate, "class", "badge " + style).close();
  }

  private void contents() {
    Map<String, String> sections = new LinkedHashMap<>();
    sections.put("why", "Verdict");
    sections.put("accuracy", "Accuracy");
    sections.put("latency", "Latency");
    sections.put("variants", "Variants");
    sections.put("layers", "Layers");
    sections.put("operators", "Operators");
    sections.put("weights", "Weights");
    sections.put("provenance", "Provenance");
    out.open("nav", "aria-label", "Contents");
    sections.forEach((id, name) -> out.leaf("a", name, "href", "#" + id));
    out.end();
  }

  private void tiles() {
    Report.Size size = report.size();
    out.open("div", "class", "tiles");
    tile(
        "Size",
        Figures.percent(size.ratio()),
        Figures.bytes(size.parent()) + " \u2192 " + Figures.bytes(size.child()));
    for (Report.Latency row : report.latency()) {
      tile(
          "Speed in " + row.runtime(),
          Figures.times(row.ratio()),
          "%s \u2192 %s; nine of ten pairs above %s"
              .formatted(
                  Figures.micros(1000 * row.parent().p50()),
                  Figures.micros(1000 * row.child().p50()),
                  Figures.times(row.ratioLow())));
    }
    if (!report.accuracy().isEmpty()) {
      Report.Accuracy row = report.accuracy().getFirst();
      tile(
          "Loss of " + row.metric(),
          Figures.points(row.drop()) + " points",
          "%s \u2192 %s on %s samples, %s"
              .formatted(
                  Figures.figure(row.parent()),
                  Figures.figure(row.child()),
                  Figures.count(row.samples()),
                  row.runtime()));
    } else if (!report.agreement().isEmpty()) {
      Report.Agreement row = report.agreement().getFirst();
      tile(
          "Outputs",
          row.sqnrDb() == null ? "equal" : Figures.decibels(row.sqnrDb()),
          "signal to noise of '%s' on %s samples, %s"
              .formatted(row.output(), Figures.count(row.samples()), row.runtime()));
    }
    out.end();
  }

  private void tile(String title, String figure, String detail) {
    out.open("div", "class", "tile").leaf("h2", title);
    out.leaf("p", figure, "class", "big").leaf("p", detail, "class", "quiet").end();
  }

  private void verdict() {
    out.open("section", "id", "why").leaf("h2", "Why " + report.verdict().result());
    list(report.verdict().reasons());
    if (!report.goals().isEmpty()) {
      Table.write(
          out,
          "Goals: gate " + report.gate(),
          List.of("Goal", "#Required", "#Measured", "Reached"),
          report.goals().stream()
              .map(goal ->
                  List.of(
                      goal.goal(),
                      Figures.number(goal.required()),
                      goal.actual() == null ? "not measured" : Figures.figure(goal.actual()),
                      goal.reached() ? "yes" : "no"))
              .toList());
    }
    if (!report.notes().isEmpty()) {
      out.leaf("h3", "Notes");
      list(report.notes());
    }
    out.end();
  }

  private void list(List<String> items) {
    out.open("ul");
    for (String item : items) {
      out.open("li");
      words(item);
      out.close();
    }
    out.end();
  }

  /** A text whose very long words, which are names of nodes, are clipped until pointed at. */
  private void words(String text) {
    StringBuilder plain = new StringBuilder();
    for (String word : text.split("(?<= )")) {
      if (word.length() <= LONG_WORD) {
        plain.append(word);
      } else {
        out.text(plain.toString());
        plain.setLength(0);
        out.leaf("code", Figures.clip(word.strip(), LONG_WORD), "title", word.strip());
        plain.append(' ');
      }
    }
    out.text(plain.toString());
  }

  private void accuracy() {
    out.open("section", "id", "accuracy").leaf("h2", "Accuracy");
    if (report.accuracy().isEmpty() && report.agreement().isEmpty()) {
      out.leaf("p", "Not measured: the job has no evaluation data.", "class", "none");
    }
    if (!report.accuracy().isEmpty()) {
      Table.write(
          out,
          "Parent and result in the same runtime, on the same samples",
          List.of("Metric", "Runtime", "#Samples", "#Before", "#After", "#Loss"),
          report.accuracy().stream()
              .map(row ->
                  List.of(
                      row.metric(),
                      row.runtime(),
                      Figures.count(row.samples()),
                      Figures.figure(row.parent()),
                      Figures.figure(row.child()),
                      Figures.signed(row.drop(), 4)))
              .toList());
    }
    if (!report.agreement().isEmpty()) {
      Table.write(
          out,
          "How close the outputs are",
          List.of("Output", "Runtime", "#Samples", "#Same top-1", "#SQNR", "#Largest difference"),
          report.agreement().stream()
              .map(row ->
                  List.of(
                      row.output(),
                      row.runtime(),
                      Figures.count(row.samples()),
                      row.top1() == null ? "\u2013" : Figures.format("%.2f %%", 100 * row.top1()),
                      row.sqnrDb() == null ? "equal" : Figures.decibels(row.sqnrDb()),
                      Figures.number(row.maxError())))
              .toList());
    }
    out.end();
  }

  private void latency() {
    out.open("section", "id", "latency").leaf("h2", "Latency");
    if (report.latency().isEmpty()) {
      out.leaf(
          "p",
          "Not measured: the job's target is not the host that it ran on, or no runtime took both"
              + " models.",
          "class",
          "none");
    } else {
      Table.write(
          out,
          "One inference after a warm-up, parent and result in turns; milliseconds",
          List.of(
              "Runtime",
              "#Batch",
              "#Threads",
              "#Pairs of runs",
              "#Before p50 / p95 / p99",
              "#After p50 / p95 / p99",
              "#Speedup",
              "#p10 to p90 of the pairs"),
          report.latency().stream()
              .map(row ->
                  List.of(
                      row.runtime(),
                      Long.toString(row.batch()),
                      Integer.toString(row.threads()),
                      Figures.count(row.runs()),
                      millis(row.parent()),
                      millis(row.child()),
                      Figures.times(row.ratio()),
                      Figures.times(row.ratioLow()) + " to " + Figures.times(row.ratioHigh())))
              .toList());
    }
    cost(report.cost());
    out.end();
  }

  private static String millis(Report.Percentiles times) {
    return Figures.number(times.p50())
        + " / "
        + Figures.number(times.p95())
        + " / "
        + Figures.number(times.p99());
  }

  private void cost(Report.Cost cost) {
    if (cost.parentMacs() == null && cost.childMacs() == null) {
      return;
    }
    Table.write(
        out,
        "What one inference takes in this engine",
        List.of("", "#Before", "#After"),
        List.of(
            List.of("multiply-accumulates", count(cost.parentMacs()), count(cost.childMacs())),
            List.of(
                "most memory of its values at a time",
                bytes(cost.parentPeakBytes()),
                bytes(cost.childPeakBytes()))));
  }

  private static String count(@Nullable Long count) {
    return count == null ? "\u2013" : Figures.count(count);
  }

  private static String bytes(@Nullable Long bytes) {
    return bytes == null ? "\u2013" : Figures.bytes(bytes);
  }

  private void estimates() {
    if (report.estimates().isEmpty()) {
      return;
    }
    Report.Estimate first = report.estimates().getFirst();
    out.open("section", "id", "estimates").leaf("h2", "What the advice foretold");
    out.leaf(
        "p",
        "The estimates of '%s' for %s, from the graph alone, and what this job measured."
            .formatted(first.advice(), first.target()));
    Table.write(
        out,
        "Estimate and measurement",
        List.of("Figure", "#Estimate", "#Measured", "#Measured / estimate", "Measured how"),
        report.estimates().stream()
            .map(row ->
                List.of(
                    row.quantity().equals("size") ? "size, result / parent" : row.quantity(),
                    Figures.number(row.estimate()),
                    row.measured() == null ? "\u2013" : Figures.number(row.measured()),
                    row.ratio() == null ? "\u2013" : Figures.number(row.ratio()),
                    row.how()))
            .toList());
    out.end();
  }
}
