package io.compresso.technique.report;

import io.compresso.technique.Report;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Where a report's figures come from, and how to get them again. */
final class Provenance {
  private final Markup out;
  private final Report report;

  Provenance(Markup out, Report report) {
    this.out = out;
    this.report = report;
  }

  void write() {
    out.open("section", "id", "provenance").leaf("h2", "Where the figures come from");
    out.open("dl");
    report.cpu().forEach((key, value) -> entry("CPU, " + key, value));
    report
        .latency()
        .forEach(row ->
            entry(
                "Latency in " + row.runtime(),
                "batch %d, %d threads, %s pairs of runs in turns after a warm-up of each, on %s"
                    .formatted(row.batch(), row.threads(), Figures.count(row.runs()), inputs())));
    if (report.operators() != null) {
      entry(
          "Operators",
          "%d runs of each model in turns with the engine's own profile; medians, so that their sum"
                  .formatted(report.operators().runs())
              + " need not be the median of the whole");
    }
    report.versions().forEach((key, value) -> entry("Version of " + key, value));
    entry("Seed", Long.toString(report.seed()));
    out.end();
    again();
    out.open("details").leaf("summary", "The pipeline, with every default");
    report.pipeline().forEach(step -> out.leaf("pre", JsonText.of(step)));
    out.end();
    Table.folded(
        out, "How long each part took", "Parts of the job", List.of("Part", "#Seconds"), stages());
    out.end();
  }

  private String inputs() {
    return report.agreement().isEmpty()
        ? "inputs of zeros"
        : "the first samples of the evaluation data";
  }

  private List<List<String>> stages() {
    List<List<String>> rows = new ArrayList<>();
    for (Report.Stage stage : report.stages()) {
      rows.add(List.of(stage.name(), Figures.format("%.1f", stage.seconds())));
    }
    return rows;
  }

  private void entry(String name, String value) {
    out.leaf("dt", name).leaf("dd", value);
  }

  private void again() {
    out.leaf("h3", "To measure it again");
    StringBuilder commands = new StringBuilder();
    if (report.pipeline().size() == 1
        && report.pipeline().getFirst().get("quantize") instanceof Map<?, ?> parameters) {
      commands
          .append(
              "./compresso quantize PARENT.onnx -o RESULT.onnx --calibration DATA --eval DATA \\\n")
          .append("    --params ")
          .append(shell(JsonText.of(parameters)))
          .append(" --report report.html\n");
    }
    commands
        .append("./compresso evaluate RESULT.onnx --data DATA\n")
        .append("./compresso run RESULT.onnx --inputs DIR --outputs DIR --profile profile.json\n");
    out.leaf("pre", commands.toString());
  }

  private static String shell(String text) {
    return "'" + text.replace("'", "'\\''") + "'";
  }
}
