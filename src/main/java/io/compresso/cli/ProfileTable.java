package io.compresso.cli;

import io.compresso.engine.RunResult.KernelUse;
import io.compresso.engine.RunResult.NodeProfile;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Collectors;

/** A run's profile for people: the operators that took longest come first. */
final class ProfileTable {
  private ProfileTable() {}

  static String of(List<NodeProfile> rows) {
    long total = rows.stream().mapToLong(NodeProfile::nanos).sum();
    List<List<String>> cells =
        rows.stream()
            .sorted(Comparator.comparingLong(NodeProfile::nanos).reversed())
            .map(row ->
                List.of(
                    Output.format("%.1f", row.nanos() / 1e3),
                    Output.format("%.1f %%", 100.0 * row.nanos() / Math.max(1, total)),
                    Output.bytes(row.bytes()),
                    row.opType(),
                    kernels(row),
                    row.node()))
            .toList();
    return Output.table(
        List.of("microseconds", "share", "output", "operator", "kernels", "node"), cells);
  }

  private static String kernels(NodeProfile row) {
    return row.kernels().isEmpty()
        ? "(reference)"
        : row.kernels().stream()
            .map(KernelUse::kernel)
            .distinct()
            .collect(Collectors.joining(", "));
  }
}
