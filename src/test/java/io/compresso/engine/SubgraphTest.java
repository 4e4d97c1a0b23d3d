package io.compresso.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.compresso.graph.Dim;
import io.compresso.graph.Graph;
import io.compresso.graph.Model;
import io.compresso.graph.ValueType;
import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import io.compresso.tensor.Value;
import io.compresso.testing.Graphs;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** Control flow: what the optimised session gives is what the graph gives node by node. */
class SubgraphTest {
  private static final SessionOptions PLAIN = SessionOptions.DEFAULT.withOptimised(false);

  private static Tensor random(long seed, long... dims) {
    SplittableRandom random = new SplittableRandom(seed);
    Tensor tensor = Tensor.allocate(DType.FLOAT, Shape.of(dims));
    for (long i = 0; i < tensor.size(); i++) {
      tensor.setFloat(i, (float) (random.nextDouble() * 2 - 1));
    }
    return tensor;
  }

  private static ValueType floats(Dim... dims) {
    return new ValueType.TensorType(DType.FLOAT, List.of(dims));
  }

  /** Runs the graph twice in both ways; gives how many rows the profile of the second run has. */
  private static List<RunResult.NodeProfile> check(
      Session session, Model model, Map<String, Tensor> inputs) {
    Map<String, Value> expected;
    try (Session plain = Session.create(model, PLAIN)) {
      expected = plain.run(inputs);
    }
    for (int run = 0; run < 2; run++) {
      Map<String, Value> values = session.run(inputs);
      assertThat(values.keySet()).isEqualTo(expected.keySet());
      expected.forEach((name, value) -> {
        Tensor wanted = (Tensor) value;
        Tensor got = (Tensor) values.get(name);
        assertThat(got.shape()).as(name).isEqualTo(wanted.shape());
        assertThat(got.dtype()).as(name).isEqualTo(wanted.dtype());
        for (long i = 0; i < wanted.size(); i++) {
          assertThat(got.getDouble(i))
              .as(name + "[" + i + "]")
              .isCloseTo(
                  wanted.getDouble(i),
                  org.assertj.core.data.Offset.offset(
                      1e-5 * Math.max(1, Math.abs(wanted.getDouble(i)))));
        }
      });
    }
    return session.run(inputs, RunOptions.plain().withProfile()).profile();
  }

  private static List<String> operators(List<RunResult.NodeProfile> profile) {
    return profile.stream().map(RunResult.NodeProfile::opType).toList();
  }

  /** A batch of one is squeezed, others are averaged: nested conditions on a shape. */
  private static Model choosing() {
    Graph squeezed = Graphs.opset(17).node("q = Squeeze r axis").output("q").graph();
    Graph averaged =
        Graphs.opset(17)
            .node("m = ReduceMean r", "axes", new long[] {0}, "keepdims", 0)
            .output("m")
            .graph();
    Graph inner = Graphs.opset(17).node("t = Neg i").output("t").graph();
    Graph other = Graphs.opset(17).node("t = Exp i").output("t").graph();
    return Graphs.opset(17)
        .input("x", floats(Dim.symbol("n"), Dim.of(6)))
        .constant("zero", Tensor.scalar(0L))
        .constant("one", Tensor.scalar(1L))
        .constant("axis", Tensor.ofLongs(Shape.of(1), 0))
        .node("r = Relu x")
        .node("s = Shape x")
        .node("n = Gather s zero")
        .node("single = Equal n one")
        .node("i = If single", "then_branch", squeezed, "else_branch", averaged)
        .node("s2 = Shape i")
        .node("rank = Size s2")
        .node("flat = Equal rank one")
        .node("y = If flat", "then_branch", inner, "else_branch", other)
        .output("y")
        .model();
  }

  @Test
  void branches_areInlined_whenTheShapesOfTheInputsChoose() {
    Model model = choosing();
    try (Session session = Session.create(model, SessionOptions.DEFAULT)) {
      assertThat(operators(check(session, model, Map.of("x", random(1, 1, 6)))))
          .contains("Neg")
          .doesNotContain("If", "ReduceMean", "Exp");
      assertThat(operators(check(session, model, Map.of("x", random(2, 5, 6)))))
          .contains("ReduceMean")
          .doesNotContain("If", "Exp");
    }
  }

  @Test
  void branches_areRight_whenMoreShapesComeThanAreCompiledFor() {
    Model model = choosing();
    try (Session session = Session.create(model, SessionOptions.DEFAULT)) {
      for (int n = 1; n < 30; n++) {
        check(session, model, Map.of("x", random(n, n, 6)));
      }
      check(session, model, Map.of("x", random(1, 1, 6)));
    }
  }
}
