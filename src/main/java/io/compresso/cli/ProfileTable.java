package io.compresso.cli;

import io.compresso.engine.RunResult.BodyProfile;
import io.compresso.engine.RunResult.KernelUse;
import io.compresso.engine.RunResult.NodeProfile;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Collectors;

/**
 * A run's profile for people: the operators that took longest come first, each followed by those of
 * its subgraphs, whose times are in its own.
 */
final class ProfileTable {
  private ProfileTable() {}

  static String of(List<NodeProfile> rows) {
    long total = rows.stream().mapToLong(NodeProfile::nanos).sum();
    List<List<String>> cells = new ArrayList<>();
    add(rows, total, "", cells);
    return Output.table(
        List.of("microseconds", "share", "calls", "output", "operator", "kernels", "node"), cells);
  }

  /** Adds the rows of one graph; each is followed by those of its subgraphs. */
  private static void add(
      List<NodeProfile> rows, long total, String prefix, List<List<String>> cells) {
    rows.stream()
        .sorted(Comparator.comparingLong(NodeProfile::nanos).reversed())
        .forEach(row -> {
          cells.add(
              List.of(
                  Output.format("%.1f", row.nanos() / 1e3),
                  Output.format("%.1f %%", 100.0 * row.nanos() / Math.max(1, total)),
                  Output.format("%d", row.calls()),
                  Output.bytes(row.bytes()),
                  row.opType(),
                  kernels(row),
                  prefix + row.node()));
          for (BodyProfile body : row.bodies()) {
            add(body.nodes(), total, prefix + row.node() + " / " + body.name() + " / ", cells);
          }
        });
  }

  private static String kernels(NodeProfile row) {
    return row.kernels().isEmpty()
        ? row.bodies().isEmpty() ? "(reference)" : "(subgraphs)"
        : row.kernels().stream()
            .map(KernelUse::kernel)
            .distinct()
            .collect(Collectors.joining(", "));
  }
}
