package io.compresso.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.compresso.engine.RunResult.BodyProfile;
import io.compresso.engine.RunResult.NodeProfile;
import java.util.List;
import org.junit.jupiter.api.Test;

class ProfileTableTest {
  private static NodeProfile row(
      String node, String opType, long calls, long nanos, BodyProfile... bodies) {
    return new NodeProfile(
        node, opType, List.of(node), calls, nanos, 8, List.of(), List.of(bodies));
  }

  @Test
  void rowsOfSubgraphs_followTheirNode_andDoNotCountTwice() {
    NodeProfile add = row("add", "Add", 5, 1000);
    NodeProfile mul = row("mul", "Mul", 5, 3000);
    NodeProfile loop = row("loop", "Loop", 1, 6000, new BodyProfile("body", List.of(add, mul)));
    List<String> lines =
        ProfileTable.of(List.of(row("first", "Exp", 1, 2000), loop)).lines().toList();
    assertThat(lines.get(2)).contains("75.0 %").contains("(subgraphs)").endsWith("loop");
    assertThat(lines.get(3)).contains("37.5 %").contains(" 5 ").endsWith("loop / body / mul");
    assertThat(lines.get(4)).contains("12.5 %").endsWith("loop / body / add");
    assertThat(lines.get(5)).contains("25.0 %").contains("(reference)").endsWith("first");
    assertThat(lines).hasSize(6);
  }
}
