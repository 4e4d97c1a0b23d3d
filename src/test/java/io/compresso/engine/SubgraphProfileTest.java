package io.compresso.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.compresso.engine.RunResult.BodyProfile;
import io.compresso.engine.RunResult.NodeProfile;
import io.compresso.graph.Annotations;
import io.compresso.graph.Dim;
import io.compresso.graph.Function;
import io.compresso.graph.Graph;
import io.compresso.graph.Model;
import io.compresso.graph.ValueType;
import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import io.compresso.testing.Graphs;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** What runs inside of a node's subgraphs is in the profile, under the node. */
class SubgraphProfileTest {
  private static final ValueType COUNT = ValueType.tensor(DType.INT64, Shape.SCALAR);
  private static final ValueType FLAG = ValueType.tensor(DType.BOOL, Shape.SCALAR);

  private static List<NodeProfile> profile(Model model, boolean optimised, Tensor turns) {
    Map<String, Tensor> inputs =
        Map.of("n", turns, "x", Tensor.ofFloats(Shape.of(2, 2), 1, 2, 3, 4), "c", flag((byte) 1));
    SessionOptions options = SessionOptions.DEFAULT.withOptimised(optimised);
    try (Session session = Session.create(model, options)) {
      session.run(inputs);
      return session.run(inputs, RunOptions.plain().withProfile()).profile();
    }
  }

  private static Tensor flag(byte value) {
    return Tensor.ofBytes(DType.BOOL, Shape.SCALAR, value);
  }

  /** A loop of products whose turns hold a condition. */
  private static Model loop(ValueType state) {
    Graph product = Graphs.opset(17).node("t = MatMul a a").output("t").graph();
    Graph other = Graphs.opset(17).node("t = Neg a").output("t").graph();
    Graph body =
        Graphs.opset(17)
            .input("i", COUNT)
            .input("go", FLAG)
            .input("a", state)
            .node("p = If c", "then_branch", product, "else_branch", other)
            .node("next = Tanh p")
            .output("go", "next")
            .graph();
    return Graphs.opset(17)
        .input("n", COUNT)
        .input("x", state)
        .input("c", FLAG)
        .node("y = Loop n _ x", "body", body)
        .output("y")
        .model();
  }

  private static NodeProfile row(List<NodeProfile> rows, String opType) {
    return rows.stream().filter(row -> row.opType().equals(opType)).findFirst().orElseThrow();
  }

  private static void check(List<NodeProfile> profile, int turns) {
    NodeProfile loop = row(profile, "Loop");
    assertThat(loop.calls()).isEqualTo(1);
    assertThat(loop.bodies()).extracting(BodyProfile::name).containsExactly("body");
    List<NodeProfile> body = loop.bodies().getFirst().nodes();
    NodeProfile tanh = row(body, "Tanh");
    assertThat(tanh.calls()).isEqualTo(turns);
    assertThat(tanh.bytes()).isEqualTo(turns * 16L);
    NodeProfile condition = row(body, "If");
    assertThat(condition.calls()).isEqualTo(turns);
    assertThat(condition.bodies()).extracting(BodyProfile::name).containsExactly("then_branch");
    NodeProfile product = condition.bodies().getFirst().nodes().getFirst();
    assertThat(product.calls()).isEqualTo(turns);
    assertThat(product.nanos()).isPositive().isLessThanOrEqualTo(condition.nanos());
    assertThat(condition.nanos() + tanh.nanos()).isLessThanOrEqualTo(loop.nanos());
  }

  @Test
  void bodies_areShown_withTheirKernels_whenTheLoopIsBound() {
    List<NodeProfile> profile =
        profile(loop(ValueType.tensor(DType.FLOAT, Shape.of(2, 2))), true, Tensor.scalar(5L));
    check(profile, 5);
    List<NodeProfile> body = row(profile, "Loop").bodies().getFirst().nodes();
    assertThat(row(body, "Tanh").kernels())
        .singleElement()
        .satisfies(use -> assertThat(use.kernel()).isNotEmpty());
    assertThat(row(body, "If").bodies().getFirst().nodes().getFirst().kernels()).isNotEmpty();
  }

  @Test
  void bodies_areShown_whenTheLoopRunsNodeByNode() {
    check(
        profile(loop(ValueType.tensor(DType.FLOAT, Shape.of(2, 2))), false, Tensor.scalar(3L)), 3);
  }

  @Test
  void bodies_areShown_whenOnlyTheirRunsAreBound() {
    ValueType any = new ValueType.TensorType(DType.FLOAT, List.of(Dim.UNKNOWN, Dim.UNKNOWN));
    Graph body =
        Graphs.opset(17)
            .input("i", COUNT)
            .input("go", FLAG)
            .input("a", any)
            .node("next = Tanh a")
            .output("go", "next", "next")
            .graph();
    Model model =
        Graphs.opset(17)
            .input("n", COUNT)
            .input("x", any)
            .input("c", FLAG)
            .node("y z = Loop n _ x", "body", body)
            .output("y", "z")
            .model();
    NodeProfile loop = row(profile(model, true, Tensor.scalar(6L)), "Loop");
    NodeProfile tanh = loop.bodies().getFirst().nodes().getFirst();
    assertThat(tanh.calls()).isEqualTo(6);
    assertThat(tanh.bytes()).isEqualTo(6 * 16L);
    assertThat(tanh.kernels()).isNotEmpty();
  }

  @Test
  void aFunction_isShownByItsName_whenTheGraphRunsAsItIsWritten() {
    Function function =
        new Function(
            "Twice",
            "own",
            "",
            List.of("a"),
            List.of("b"),
            List.of(),
            Map.of(),
            List.of(Graphs.parse("b = Add a a")),
            Map.of("", 17),
            Map.of(),
            Annotations.NONE);
    Model model =
        Graphs.opset(17)
            .domain("own", 1)
            .function(function)
            .input("n", COUNT)
            .input("x", ValueType.tensor(DType.FLOAT, Shape.of(2, 2)))
            .input("c", FLAG)
            .node("y = own:Twice x")
            .output("y")
            .model();
    NodeProfile call = row(profile(model, false, Tensor.scalar(1L)), "Twice");
    assertThat(call.bodies())
        .singleElement()
        .satisfies(inner -> {
          assertThat(inner.name()).isEqualTo("Twice");
          assertThat(inner.nodes()).extracting(NodeProfile::opType).containsExactly("Add");
        });
  }
}
