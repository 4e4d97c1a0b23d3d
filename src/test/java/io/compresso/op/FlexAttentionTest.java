package io.compresso.op;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.compresso.engine.Session;
import io.compresso.engine.SessionOptions;
import io.compresso.evaluate.Tolerance;
import io.compresso.graph.Dim;
import io.compresso.graph.Graph;
import io.compresso.graph.GraphException;
import io.compresso.graph.ValueType;
import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import io.compresso.tensor.Value;
import io.compresso.testing.Graphs;
import io.compresso.testing.OrtRunner;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class FlexAttentionTest {
  private static final ValueType SCORES =
      new ValueType.TensorType(
          DType.FLOAT, List.of(Dim.symbol("b"), Dim.symbol("h"), Dim.symbol("l"), Dim.symbol("s")));

  private static ValueType floats(long... dims) {
    return ValueType.tensor(DType.FLOAT, Shape.of(dims));
  }

  private static Graphs graphs() {
    return Graphs.opset(23)
        .domain("ai.onnx.preview", 1)
        .input("q", floats(2, 4, 3, 8))
        .input("k", floats(2, 2, 5, 8))
        .input("v", floats(2, 2, 5, 6))
        .input("bias", floats(3, 5));
  }

  private static Map<String, Tensor> inputs() {
    return Map.of(
        "q", OrtRunner.random("q", floats(2, 4, 3, 8), 1),
        "k", OrtRunner.random("k", floats(2, 2, 5, 8), 2),
        "v", OrtRunner.random("v", floats(2, 2, 5, 6), 3),
        "bias", OrtRunner.random("bias", floats(3, 5), 4));
  }

  /** Scores get the bias from around, probabilities are halved: as attention with a mask does. */
  @Test
  void subgraphs_changeScoresAndProbabilities() {
    Graph scores = Graphs.opset(23).input("s", SCORES).node("t = Add s bias").output("t").graph();
    Graph halves =
        Graphs.opset(23)
            .input("p", SCORES)
            .constant("half", Tensor.scalar(0.5f))
            .node("t = Mul p half")
            .output("t")
            .graph();
    Graphs graphs =
        graphs()
            .constant("half", Tensor.scalar(0.5f))
            .node(
                "y = ai.onnx.preview:FlexAttention q k v", "score_mod", scores, "prob_mod", halves)
            .node("a = Attention q k v bias")
            .node("z = Mul a half")
            .output("y", "z");
    for (boolean optimised : new boolean[] {true, false}) {
      SessionOptions options = SessionOptions.DEFAULT.withOptimised(optimised);
      try (Session session = Session.create(graphs.model(), options)) {
        for (int run = 0; run < 2; run++) {
          Map<String, Value> outputs = session.run(inputs());
          Value expected = outputs.get("z");
          assertThat(expected).hasToString("float[2, 4, 3, 6]");
          assertThat(new Tolerance(1e-4, 1e-6).difference(expected, outputs.get("y"))).isNull();
        }
      }
    }
  }

  @Test
  void aSubgraph_isBlamed_whenItGivesAnotherShape() {
    Graph scores = Graphs.opset(23).input("s", SCORES).node("t = ReduceSum s").output("t").graph();
    Graphs graphs =
        graphs().node("y = ai.onnx.preview:FlexAttention q k v", "score_mod", scores).output("y");
    assertThatThrownBy(
            () -> {
              try (Session session = Session.create(graphs.model(), SessionOptions.DEFAULT)) {
                session.run(inputs());
              }
            })
        .isInstanceOf(GraphException.class)
        .hasMessageContaining("'score_mod'");
  }

  @Test
  void operandsThatDoNotFit_areRefused() {
    Graphs graphs = graphs().node("y = ai.onnx.preview:FlexAttention q v k").output("y");
    assertThatThrownBy(
            () -> {
              try (Session session = Session.create(graphs.model(), SessionOptions.DEFAULT)) {
                session.run(inputs());
              }
            })
        .isInstanceOf(GraphException.class)
        .hasMessageContaining("do not fit");
  }
}
