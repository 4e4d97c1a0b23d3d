package io.compresso.cli;

import java.util.ArrayList;
import java.util.List;
import tools.jackson.databind.JsonNode;

/** A job's report as a table for a terminal. */
final class ReportTable {
  private ReportTable() {}

  static String of(JsonNode report) {
    List<List<String>> rows = new ArrayList<>();
    JsonNode size = report.path("size");
    rows.add(
        List.of(
            "file size",
            Output.bytes(size.path("parent").asLong()),
            Output.bytes(size.path("child").asLong()),
            Output.format("%.2f x", size.path("ratio").asDouble())));
    for (JsonNode accuracy : report.path("accuracy")) {
      rows.add(
          List.of(
              accuracy.path("metric").asString() + " in " + accuracy.path("runtime").asString(),
              Output.format("%.4f", accuracy.path("parent").asDouble()),
              Output.format("%.4f", accuracy.path("child").asDouble()),
              Output.format("%+.4f", -accuracy.path("drop").asDouble())));
    }
    for (JsonNode latency : report.path("latency")) {
      rows.add(
          List.of(
              "latency p50 in "
                  + latency.path("runtime").asString()
                  + ", batch "
                  + latency.path("batch").asLong()
                  + ", "
                  + latency.path("threads").asInt()
                  + " thread(s)",
              Output.format("%.3f ms", latency.path("parent").path("p50").asDouble()),
              Output.format("%.3f ms", latency.path("child").path("p50").asDouble()),
              Output.format(
                  "%.2f x faster (%.2f..%.2f)",
                  latency.path("ratio").asDouble(),
                  latency.path("ratioLow").asDouble(),
                  latency.path("ratioHigh").asDouble())));
    }
    StringBuilder text = new StringBuilder();
    text.append(Output.table(List.of("measured", "before", "after", "change"), rows));
    text.append(System.lineSeparator());
    text.append("verdict: ").append(report.path("verdict").path("result").asString());
    text.append(", judged in ").append(report.path("verdict").path("runtime").asString());
    text.append("; gate: ").append(report.path("gate").asString()).append(System.lineSeparator());
    for (JsonNode reason : report.path("verdict").path("reasons")) {
      text.append("  - ").append(reason.asString()).append(System.lineSeparator());
    }
    return text.toString();
  }
}
