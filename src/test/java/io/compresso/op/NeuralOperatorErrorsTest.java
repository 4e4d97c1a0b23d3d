package io.compresso.op;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.compresso.engine.Session;
import io.compresso.engine.SessionOptions;
import io.compresso.engine.ShapeInference;
import io.compresso.graph.Dim;
import io.compresso.graph.GraphException;
import io.compresso.graph.Model;
import io.compresso.graph.ValueType;
import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import io.compresso.tensor.Value;
import io.compresso.testing.Graphs;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Bad models are blamed on their node; good ones of unknown sizes are inferred. */
class NeuralOperatorErrorsTest {
  private static Value run(Model model, Tensor x) {
    try (Session session = Session.create(model, SessionOptions.DEFAULT)) {
      return session.run(Map.of("x", x)).values().iterator().next();
    }
  }

  private static Graphs graph(DType dtype, int rank) {
    return Graphs.opset(21)
        .input("x", new ValueType.TensorType(dtype, Collections.nCopies(rank, Dim.UNKNOWN)));
  }

  private static Tensor floats(long... dims) {
    return Tensor.allocate(DType.FLOAT, Shape.of(dims));
  }

  @Test
  void conv_namesTheShapes_whenWeightsDoNotFit() {
    Model model =
        graph(DType.FLOAT, 4)
            .constant("w", floats(8, 5, 3, 3))
            .node("y = Conv x w")
            .output("y")
            .model();
    assertThatThrownBy(() -> run(model, floats(1, 3, 8, 8)))
        .isInstanceOf(GraphException.class)
        .hasMessageContaining("Conv")
        .hasMessageContaining("[8, 5, 3, 3]")
        .hasMessageContaining("[1, 3, 8, 8]");
  }

  @Test
  void conv_namesTheAttribute_whenAStrideIsZero() {
    Model model =
        graph(DType.FLOAT, 4)
            .constant("w", floats(8, 3, 3, 3))
            .node("y = Conv x w", "strides", new long[] {0, 1})
            .output("y")
            .model();
    assertThatThrownBy(() -> run(model, floats(1, 3, 8, 8)))
        .isInstanceOf(GraphException.class)
        .hasMessageContaining("'strides'");
  }

  @Test
  void maxPool_refusesAWindow_largerThanItsInput() {
    Model model =
        graph(DType.FLOAT, 3)
            .node("y = MaxPool x", "kernel_shape", new long[] {9})
            .output("y")
            .model();
    assertThatThrownBy(() -> run(model, floats(1, 1, 4)))
        .isInstanceOf(GraphException.class)
        .hasMessageContaining("larger than the padded input");
  }

  @Test
  void matMul_namesTheShapes_whenTheyDoNotMultiply() {
    Model model =
        graph(DType.FLOAT, 2)
            .constant("w", floats(5, 2))
            .node("y = MatMul x w")
            .output("y")
            .model();
    assertThatThrownBy(() -> run(model, floats(3, 4)))
        .isInstanceOf(GraphException.class)
        .hasMessageContaining("[3, 4]")
        .hasMessageContaining("[5, 2]");
  }

  @Test
  void quantizeLinear_namesScaleAndAxis_whenTheyDoNotFit() {
    Model model =
        graph(DType.FLOAT, 2)
            .constant("s", Tensor.ofFloats(Shape.of(3), 1, 1, 1))
            .node("y = QuantizeLinear x s")
            .output("y")
            .model();
    assertThatThrownBy(() -> run(model, floats(3, 4)))
        .isInstanceOf(GraphException.class)
        .hasMessageContaining("scale [3]")
        .hasMessageContaining("axis 1");
  }

  @Test
  void quantizeLinear_roundsHalvesToEvenAndSaturates() {
    Model model =
        graph(DType.FLOAT, 1)
            .constant("s", Tensor.scalar(1f))
            .constant("z", Tensor.ofBytes(DType.INT8, Shape.SCALAR, (byte) 0))
            .node("y = QuantizeLinear x s z")
            .output("y")
            .model();
    Tensor x =
        Tensor.ofFloats(
            Shape.of(7), 0.5f, 1.5f, -2.5f, 1e9f, -1e9f, Float.POSITIVE_INFINITY, 127.5f);
    assertThat(((Tensor) run(model, x)).toLongs()).containsExactly(0, 2, -2, 127, -128, 127, 127);
  }

  @Test
  void quantizeLinear_takesAScalePerBlock() {
    Model model =
        graph(DType.FLOAT, 2)
            .constant("s", Tensor.ofFloats(Shape.of(1, 2), 1, 2))
            .constant("z", Tensor.ofBytes(DType.UINT8, Shape.of(1, 2), (byte) 10, (byte) 20))
            .node("y = QuantizeLinear x s z", "axis", 1, "block_size", 3)
            .output("y")
            .model();
    Tensor x = Tensor.ofFloats(Shape.of(1, 6), 0, 1, 2, 0, 4, 8);
    assertThat(((Tensor) run(model, x)).toLongs()).containsExactly(10, 11, 12, 20, 22, 24);
  }

  @Test
  void shapeRules_keepSymbols_ofBatchAndStack() {
    Model model =
        Graphs.opset(17)
            .input(
                "x",
                new ValueType.TensorType(
                    DType.FLOAT, List.of(Dim.symbol("N"), Dim.of(3), Dim.of(9), Dim.symbol("W"))))
            .constant("w", floats(8, 3, 3, 3))
            .node("c = Conv x w", "strides", new long[] {2, 2})
            .node("g = GlobalAveragePool c")
            .node("b = MatMul c c")
            .output("g")
            .output("b")
            .model();
    Map<String, Inferred> types = ShapeInference.infer(model);
    assertThat(String.valueOf(types.get("c"))).contains("float[N,8,4,?]");
    assertThat(String.valueOf(types.get("g"))).contains("float[N,8,1,1]");
    assertThat(String.valueOf(types.get("b"))).contains("float[N,8,4,?]");
  }
}
