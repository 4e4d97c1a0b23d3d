package io.compresso.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession.SessionOptions.OptLevel;
import io.compresso.graph.Attribute;
import io.compresso.graph.GraphException;
import io.compresso.graph.Model;
import io.compresso.graph.Node;
import io.compresso.graph.ValueType;
import io.compresso.onnx.OnnxCodec;
import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import io.compresso.testing.Graphs;
import io.compresso.testing.OrtRunner;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

class UpgradeOpsetTest {
  private static final Shape SHAPE = Shape.of(1, 2, 3, 4);

  private static Arguments from(int opset, String line, Object... attributes) {
    Graphs graphs =
        Graphs.opset(opset)
            .input("x", ValueType.tensor(DType.FLOAT, SHAPE))
            .constant("scales", Tensor.ofFloats(Shape.of(4), 1, 1, 2, 2))
            .constant("smaller", Tensor.ofFloats(Shape.of(4), 1, 1, 0.7f, 0.6f))
            .constant("channel", Tensor.ofFloats(Shape.of(2), 0.5f, 2));
    Node node = Graphs.parse(line, attributes);
    node.outputs().stream().filter(name -> !name.isEmpty()).forEach(graphs::output);
    return Arguments.of(opset + " " + line, graphs.node(node).model());
  }

  static Stream<Arguments> olderNodes() {
    Attribute scales = new Attribute.Floats(List.of(1f, 1f, 2f, 2f));
    return Stream.of(
        from(7, "y = Clip x", "min", -0.5f, "max", 0.25f),
        from(7, "y = Clip x", "max", 0.25f),
        from(7, "y = Pad x", "pads", new long[] {0, 0, 1, 0, 0, 0, 0, 2}, "value", 3f),
        from(7, "y = Pad x", "pads", new long[] {0, 0, 1, 0, 0, 0, 0, 2}, "mode", "reflect"),
        from(7, "y = Slice x", "starts", new long[] {1, 0}, "ends", new long[] {2, 3}),
        from(
            7,
            "y = Slice x",
            "axes",
            new long[] {3},
            "starts",
            new long[] {-3},
            "ends",
            new long[] {9}),
        from(7, "y = Softmax x"),
        from(7, "y = Softmax x", "axis", 2),
        from(7, "y = Softmax x", "axis", 3),
        from(11, "y = LogSoftmax x", "axis", -2),
        from(7, "y = Squeeze x", "axes", new long[] {0}),
        from(7, "y = Unsqueeze x", "axes", new long[] {1}),
        from(7, "y = ReduceSum x", "axes", new long[] {2}, "keepdims", 0),
        from(7, "y = ReduceMean x", "axes", new long[] {1, 3}),
        from(7, "y = ReduceMax x"),
        from(7, "y z = Split x", "axis", 3),
        from(7, "y z = Split x", "axis", 3, "split", new long[] {1, 3}),
        from(7, "y z = TopK x", "k", 2),
        from(7, "y = Dropout x", "ratio", 0.3f),
        from(7, "y = Upsample x", "scales", scales, "mode", "nearest"),
        from(9, "y = Upsample x scales", "mode", "linear"),
        from(10, "y = Resize x scales", "mode", "nearest"),
        from(10, "y = Resize x smaller", "mode", "nearest"),
        from(7, "y = BatchNormalization x channel channel channel channel", "spatial", 1));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("olderNodes")
  void node_meansTheSame_inNewerOperatorSets(String name, Model model) throws OrtException {
    Tensor x = OrtRunner.random("x", ValueType.tensor(DType.FLOAT, SHAPE), 5);
    Map<String, Tensor> expected = run(model, x);
    for (int opset : new int[] {13, 18, 21}) {
      Model upgraded = Passes.apply(model, List.of(new UpgradeOpset(opset)));
      assertThat(upgraded.opset()).isEqualTo(opset);
      Map<String, Tensor> actual = run(upgraded, x);
      assertThat(actual.keySet()).isEqualTo(expected.keySet());
      expected.forEach((output, tensor) -> {
        assertThat(actual.get(output).shape()).as(name).isEqualTo(tensor.shape());
        for (int i = 0; i < tensor.size(); i++) {
          assertThat(actual.get(output).getDouble(i))
              .as(name)
              .isCloseTo(tensor.getDouble(i), org.assertj.core.data.Offset.offset(1e-6));
        }
      });
    }
  }

  @ParameterizedTest
  @CsvSource({"0.6, 0.5", "0.7, 1", "0.4, 2", "1.5, 0.8"})
  void resize_toNearestElements_isThatOfThePeer_inOperatorSet10(float height, float width)
      throws OrtException {
    ValueType type = ValueType.tensor(DType.FLOAT, Shape.of(1, 2, 4, 5));
    Model model =
        Graphs.opset(10)
            .input("x", type)
            .constant("scales", Tensor.ofFloats(Shape.of(4), 1, 1, height, width))
            .node("y = Resize x scales", "mode", "nearest")
            .output("y")
            .model();
    Tensor x = OrtRunner.random("x", type, 5);
    try (Session session = Session.create(model, SessionOptions.DEFAULT)) {
      Tensor y = (Tensor) session.run(Map.of("x", x)).get("y");
      assertThat(y.toFloats()).isEqualTo(run(model, x).get("y").toFloats());
    }
  }

  private static Map<String, Tensor> run(Model model, Tensor x) throws OrtException {
    try (OrtRunner runner = OrtRunner.of(OnnxCodec.write(model), OptLevel.NO_OPT)) {
      return runner.run(Map.of("x", x));
    }
  }

  @Test
  void subgraph_isUpgradedToo() throws OrtException {
    Graphs branch = Graphs.opset(7).node("t = Clip x", "max", 0.1f).output("t");
    Model model =
        Graphs.opset(7)
            .input("x", ValueType.tensor(DType.FLOAT, SHAPE))
            .constant("on", Tensor.ofBytes(DType.BOOL, Shape.SCALAR, (byte) 1))
            .node("y = If on", "then_branch", branch.graph(), "else_branch", branch.graph())
            .output("y")
            .model();
    Tensor x = OrtRunner.random("x", ValueType.tensor(DType.FLOAT, SHAPE), 5);
    Model upgraded = Passes.apply(model, List.of(new UpgradeOpset(13)));
    assertThat(run(upgraded, x).get("y").toFloats()).isEqualTo(run(model, x).get("y").toFloats());
  }

  @Test
  void node_isNamed_whenItCannotBeExpressed() {
    Model model =
        (Model)
            from(7, "y = BatchNormalization x channel channel channel channel", "spatial", 0)
                .get()[1];
    assertThatThrownBy(() -> new UpgradeOpset(13).patch(model))
        .isInstanceOf(GraphException.class)
        .hasMessageContaining("(BatchNormalization)")
        .hasMessageContaining("not spatial");
  }

  @Test
  void model_staysAsItIs_whenItIsNewer() {
    Model model = (Model) from(17, "y = Relu x").get()[1];
    assertThat(new UpgradeOpset(13).patch(model).isEmpty()).isTrue();
  }
}
