package io.compresso.op;

import static org.assertj.core.api.Assertions.assertThat;

import io.compresso.engine.Session;
import io.compresso.engine.SessionOptions;
import io.compresso.graph.Dim;
import io.compresso.graph.Graph;
import io.compresso.graph.Model;
import io.compresso.graph.ValueType;
import io.compresso.onnx.OnnxCodec;
import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import io.compresso.testing.Graphs;
import io.compresso.testing.OrtRunner;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Loops without a turn, whose bodies do not declare what they give: as ONNX Runtime has it. */
class EmptyLoopsTest {
  private static final ValueType COUNT = ValueType.tensor(DType.INT64, Shape.SCALAR);
  private static final ValueType FLAG = ValueType.tensor(DType.BOOL, Shape.SCALAR);
  private static final ValueType ANY_ROWS =
      new ValueType.TensorType(DType.FLOAT, List.of(Dim.symbol("n"), Dim.of(3)));

  private static Map<String, Tensor> peer(Model model, Map<String, Tensor> inputs)
      throws Exception {
    try (OrtRunner peer = OrtRunner.of(OnnxCodec.write(model))) {
      return peer.run(inputs);
    }
  }

  private static void check(Model model, Map<String, Tensor> inputs, Shape... shapes) {
    for (boolean optimised : new boolean[] {true, false}) {
      SessionOptions options = SessionOptions.DEFAULT.withOptimised(optimised);
      try (Session session = Session.create(model, options)) {
        for (int run = 0; run < 2; run++) {
          assertThat(session.run(inputs).values())
              .extracting(value -> ((Tensor) value).shape())
              .containsExactly(shapes);
        }
      }
    }
  }

  @Test
  void aLoop_givesStacksOfNothing_ofTheRankThatFollows() throws Exception {
    Graph inner = Graphs.opset(17).node("r = Relu w").output("r").graph();
    Graph other = Graphs.opset(17).node("r = Neg w").output("r").graph();
    Graph body =
        Graphs.opset(17)
            .input("i", COUNT)
            .input("go", FLAG)
            .input("a", ValueType.tensor(DType.FLOAT, Shape.of(2, 3)))
            .node("next = Tanh a")
            .node("on = Identity go")
            .node("around = Add x x")
            .node("sum = ReduceSum w", "keepdims", 0)
            .node("branch = If go", "then_branch", inner, "else_branch", other)
            .node("index = Identity i")
            .output("on", "next", "around", "sum", "branch", "index")
            .graph();
    Model model =
        Graphs.opset(17)
            .input("n", COUNT)
            .input("x", ANY_ROWS)
            .input("a", ValueType.tensor(DType.FLOAT, Shape.of(2, 3)))
            .constant("w", Tensor.allocate(DType.FLOAT, Shape.of(4, 5, 6)))
            .node("last p q r s = Loop n _ a", "body", body)
            .output("p", "q", "r", "s")
            .model();
    Map<String, Tensor> inputs =
        Map.of(
            "n", Tensor.scalar(0L),
            "x", Tensor.allocate(DType.FLOAT, Shape.of(2, 3)),
            "a", Tensor.allocate(DType.FLOAT, Shape.of(2, 3)));
    Shape[] shapes = {Shape.of(0, 0, 3), Shape.of(0), Shape.of(0, 4, 5, 6), Shape.of(0)};
    assertThat(peer(model, inputs).values()).extracting(Tensor::shape).containsExactly(shapes);
    check(model, inputs, shapes);
  }

  /** ONNX Runtime refuses a scan of nothing; its loops are what we go by. */
  @Test
  void aScan_givesStacksOfNothing_ofTheRankThatFollows() {
    Graph body =
        Graphs.opset(17)
            .input("state", ValueType.tensor(DType.FLOAT, Shape.of(3)))
            .input("row", ValueType.tensor(DType.FLOAT, Shape.of(3)))
            .node("next = Add state row")
            .node("sum = ReduceSum row")
            .output("next", "sum")
            .graph();
    Model model =
        Graphs.opset(17)
            .input("x", ANY_ROWS)
            .input("start", ValueType.tensor(DType.FLOAT, Shape.of(3)))
            .node("last all = Scan start x", "body", body, "num_scan_inputs", 1)
            .output("last", "all")
            .model();
    Map<String, Tensor> inputs =
        Map.of(
            "x", Tensor.allocate(DType.FLOAT, Shape.of(0, 3)),
            "start", Tensor.ofFloats(Shape.of(3), 1, 2, 3));
    check(model, inputs, Shape.of(3), Shape.of(0, 1));
  }
}
