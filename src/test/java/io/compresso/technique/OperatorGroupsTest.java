package io.compresso.technique;

import static org.assertj.core.api.Assertions.assertThat;

import io.compresso.engine.RunResult.KernelUse;
import io.compresso.engine.RunResult.NodeProfile;
import io.compresso.evaluate.OperatorBench;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class OperatorGroupsTest {
  private static OperatorBench.Timed row(String opType, double micros, String... origins) {
    List<KernelUse> kernels = List.of(new KernelUse(opType + "-kernel", "p", List.of()));
    return new OperatorBench.Timed(
        new NodeProfile(origins[0], opType, List.of(origins), 1, 1, 1, kernels, List.of()), micros);
  }

  @Test
  void operators_belongTogether_whenTheyShareANode() {
    Report.Operators operators =
        OperatorGroups.of(
            new OperatorBench.Result(
                9,
                List.of(row("Conv", 10, "c1", "r1"), row("MatMul", 4, "m"), row("Softmax", 1, "s")),
                List.of(
                    row("QuantizeLinear", 2, "q"),
                    row("QuantizedConv", 3, "c1", "q1"),
                    row("Relu", 1, "r1"),
                    row("QuantizedMatMul", 5, "m"),
                    row("Softmax", 1, "s"))),
            1,
            2);
    assertThat(operators.parentMicros()).isEqualTo(15);
    assertThat(operators.childMicros()).isEqualTo(12);
    assertThat(operators.runs()).isEqualTo(9);
    Report.Operator conv = operators.rows().getFirst();
    assertThat(conv.nodes()).containsExactly("c1", "r1");
    assertThat(conv.childOperators()).containsExactly("QuantizedConv", "Relu");
    assertThat(conv.parentMicros()).isEqualTo(10);
    assertThat(conv.childMicros()).isEqualTo(4);
    assertThat(conv.childKernels()).containsExactly("QuantizedConv-kernel", "Relu-kernel");
    assertThat(operators.rows())
        .filteredOn(row -> row.parentMicros() == 0)
        .extracting(Report.Operator::nodes)
        .containsExactly(List.of("q"));
    assertThat(operators.types())
        .extracting(Report.OperatorType::opType)
        .containsExactly("Conv", "MatMul", "QuantizeLinear", "Softmax");
  }

  @Test
  void rows_areBounded_andAddUp() {
    List<OperatorBench.Timed> parent = new ArrayList<>();
    List<OperatorBench.Timed> child = new ArrayList<>();
    for (int i = 0; i < 200; i++) {
      parent.add(row("Conv", 1 + i, "n" + i));
      child.add(row("Conv", 2 + i, "n" + i));
    }
    Report.Operators operators =
        OperatorGroups.of(new OperatorBench.Result(1, parent, child), 1, 1);
    assertThat(operators.rows()).hasSize(61);
    assertThat(operators.rows().getLast().nodes()).isEmpty();
    assertThat(operators.rows().stream().mapToDouble(Report.Operator::parentMicros).sum())
        .isEqualTo(operators.parentMicros());
    assertThat(operators.rows().stream().mapToDouble(Report.Operator::childMicros).sum())
        .isEqualTo(operators.childMicros());
  }
}
