package io.compresso.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.compresso.graph.Annotations;
import io.compresso.graph.Dim;
import io.compresso.graph.Function;
import io.compresso.graph.Graph;
import io.compresso.graph.GraphException;
import io.compresso.graph.Model;
import io.compresso.graph.ValueInfo;
import io.compresso.graph.ValueType;
import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import io.compresso.testing.Graphs;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ShapeInferenceTest {
  private static final ValueType IMAGES =
      new ValueType.TensorType(
          DType.FLOAT, List.of(Dim.symbol("N"), Dim.of(3), Dim.of(8), Dim.of(8)));

  private static String type(Model model, String name) {
    return ShapeInference.infer(model).get(name).type().toString();
  }

  @Test
  void dimensions_followAChainOfOperators() {
    Model model =
        Graphs.opset(17)
            .input("x", IMAGES)
            .constant("w", Tensor.allocate(DType.FLOAT, Shape.of(16, 3, 3, 3)))
            .constant("shape", Tensor.ofLongs(Shape.of(2), 0, -1))
            .node("c = Conv x w", "strides", new long[] {2, 2})
            .node("r = Relu c")
            .node("f = Reshape r shape")
            .output("f")
            .model();
    assertThat(type(model, "c")).isEqualTo("float[N,16,3,3]");
    assertThat(type(model, "f")).isEqualTo("float[N,144]");
  }

  @Test
  void elements_followAShapeThatIsComputed() {
    Model model =
        Graphs.opset(17)
            .input("x", IMAGES)
            .constant("zero", Tensor.ofLongs(Shape.of(1), 0))
            .constant("rest", Tensor.ofLongs(Shape.of(1), -1))
            .node("s = Shape x")
            .node("n = Gather s zero")
            .node("t = Concat n rest", "axis", 0)
            .node("y = Reshape x t")
            .output("y")
            .model();
    assertThat(ShapeInference.infer(model).get("t").elements())
        .containsExactly(Dim.symbol("N"), Dim.of(-1));
    assertThat(type(model, "y")).isEqualTo("float[N,192]");
  }

  @Test
  void types_goThroughSubgraphsAndFunctions() {
    Graph branch = Graphs.opset(17).node("t = Neg x").output("t").graph();
    Function function =
        new Function(
            "F",
            "local",
            "",
            List.of("a"),
            List.of("b"),
            List.of(),
            Map.of(),
            List.of(Graphs.parse("b = Transpose a", "perm", new long[] {0, 2, 3, 1})),
            Map.of("", 17),
            Map.of(),
            Annotations.NONE);
    Model model =
        Graphs.opset(17)
            .domain("local", 1)
            .function(function)
            .input("x", IMAGES)
            .input("on", new ValueType.TensorType(DType.BOOL, List.of()))
            .node("u = If on", "then_branch", branch, "else_branch", branch)
            .node("y = local:F u")
            .output("y")
            .model();
    assertThat(type(model, "u")).isEqualTo("float[N,3,8,8]");
    assertThat(type(model, "y")).isEqualTo("float[N,8,8,3]");
    assertThat(ShapeInference.annotate(model).graph().valueInfos().keySet()).containsExactly("u");
    assertThat(ShapeInference.annotate(model).graph().outputs().getFirst().type().toString())
        .isEqualTo("float[N,8,8,3]");
  }

  @Test
  void declaredType_isUsedAndChecked() {
    Model model =
        Graphs.opset(17)
            .domain("other", 1)
            .input("x", IMAGES)
            .node("u = other:Unheard x")
            .node("y = Relu u")
            .output("y")
            .model();
    assertThat(type(model, "y")).isEqualTo("?");
    assertThat(type(declare(model, "u", new ValueType.TensorType(DType.FLOAT, null)), "y"))
        .isEqualTo("float[...]");
    Model plain = Graphs.opset(17).input("x", IMAGES).node("y = Relu x").output("y").model();
    ValueType wrong = ValueType.tensor(DType.FLOAT, Shape.of(1, 4, 8, 8));
    assertThatThrownBy(() -> ShapeInference.infer(declare(plain, "y", wrong)))
        .isInstanceOf(GraphException.class)
        .hasMessageContaining("(Relu)")
        .hasMessageContaining("declared float[1,4,8,8]");
  }

  private static Model declare(Model model, String name, ValueType type) {
    Graph graph = model.graph();
    return model.withGraph(
        new Graph(
            graph.name(),
            graph.inputs(),
            graph.outputs(),
            graph.nodes(),
            graph.initializers(),
            Map.of(name, new ValueInfo(name, type)),
            Annotations.NONE));
  }

  @Test
  void node_isNamed_whenItsInputsDoNotFit() {
    Model model =
        Graphs.opset(17)
            .input("x", IMAGES)
            .constant("w", Tensor.allocate(DType.FLOAT, Shape.of(5)))
            .node("y = Add x w")
            .output("y")
            .model();
    assertThatThrownBy(() -> ShapeInference.infer(model))
        .isInstanceOf(GraphException.class)
        .hasMessageContaining("(Add)");
  }
}
