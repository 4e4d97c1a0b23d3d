package io.compresso.cli;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
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
    Set<String> runtimes = new HashSet<>();
    for (JsonNode accuracy : report.path("accuracy")) {
      // The first figure of a runtime is the one that models of the kind are judged by.
      if (!runtimes.add(accuracy.path("runtime").asString())) {
        continue;
      }
      rows.add(
          List.of(
              accuracy.path("metric").asString() + " in " + accuracy.path("runtime").asString(),
              Output.format("%.4f", accuracy.path("parent").asDouble()),
              Output.format("%.4f", accuracy.path("child").asDouble()),
              Output.format("%+.4f", 0.0 - accuracy.path("drop").asDouble())));
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
              speed(latency)));
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

  private static String speed(JsonNode latency) {
    double ratio = latency.path("ratio").asDouble();
    double low = latency.path("ratioLow").asDouble();
    double high = latency.path("ratioHigh").asDouble();
    return ratio >= 1
        ? Output.format("%.2f x faster (%.2f..%.2f)", ratio, low, high)
        : Output.format("%.2f x slower (%.2f..%.2f)", 1 / ratio, 1 / high, 1 / low);
  }
}
