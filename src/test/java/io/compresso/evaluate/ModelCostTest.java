package io.compresso.evaluate;

import static org.assertj.core.api.Assertions.assertThat;

import io.compresso.graph.Annotations;
import io.compresso.graph.Attribute;
import io.compresso.graph.Graph;
import io.compresso.graph.Model;
import io.compresso.graph.Node;
import io.compresso.graph.ValueInfo;
import io.compresso.graph.ValueType;
import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ModelCostTest {
  private static Graph graph(Map<String, Tensor> initializers, Node... nodes) {
    return new Graph(
        "g",
        List.of(new ValueInfo("x", ValueType.tensor(DType.FLOAT, Shape.of(1, 2, 4, 4)))),
        List.of(new ValueInfo("out", ValueType.tensor(DType.FLOAT, Shape.of(1, 3, 4, 4)))),
        List.of(nodes),
        initializers,
        Map.of(),
        Annotations.NONE);
  }

  private static Model model(Graph graph) {
    return new Model(
        8,
        Map.of("", 17),
        new Model.Producer("test", "", "", 0),
        graph,
        List.of(),
        Annotations.NONE);
  }

  private static long macs(
      String op, Map<String, Shape> shapes, Map<String, Attribute> attributes) {
    Node node = Node.of(op, List.of("a", "b", "c", "d"), List.of("y"), attributes);
    return ModelCost.of(graph(Map.of(), node), shapes).macs();
  }

  @Test
  void products_countTheirInnerDimension() {
    Map<String, Shape> shapes =
        Map.of("a", Shape.of(5, 2, 3), "b", Shape.of(3, 7), "y", Shape.of(5, 2, 7));
    assertThat(macs("MatMul", shapes, Map.of())).isEqualTo(5 * 2 * 3 * 7);
    Map<String, Shape> gemm = Map.of("a", Shape.of(4, 2), "b", Shape.of(4, 3), "y", Shape.of(2, 3));
    assertThat(macs("Gemm", gemm, Map.of("transA", Attribute.of(1L)))).isEqualTo(2 * 3 * 4);
  }

  @Test
  void convolutions_countGroupsOnce() {
    Map<String, Shape> depthwise =
        Map.of("a", Shape.of(1, 8, 5, 5), "b", Shape.of(8, 1, 3, 3), "y", Shape.of(1, 8, 5, 5));
    assertThat(macs("Conv", depthwise, Map.of("group", Attribute.of(8L)))).isEqualTo(8 * 25 * 9);
    Map<String, Shape> quantized = Map.of("d", Shape.of(4, 2, 3, 3), "y", Shape.of(1, 4, 6, 6));
    assertThat(macs("QLinearConv", quantized, Map.of())).isEqualTo(4 * 36 * 18);
    Map<String, Shape> transposed =
        Map.of("a", Shape.of(1, 2, 3, 3), "b", Shape.of(2, 5, 2, 2), "y", Shape.of(1, 5, 6, 6));
    assertThat(macs("ConvTranspose", transposed, Map.of())).isEqualTo(2 * 9 * 5 * 4);
  }

  @Test
  void recurrentCells_countEachStep() {
    Map<String, Shape> lstm =
        Map.of(
            "a", Shape.of(10, 2, 3),
            "b", Shape.of(1, 4 * 5, 3),
            "c", Shape.of(1, 4 * 5, 5),
            "y", Shape.of(10, 1, 2, 5));
    assertThat(macs("LSTM", lstm, Map.of())).isEqualTo(10 * 2 * (20 * 3 + 20 * 5));
  }

  @Test
  void unknownShapes_countNothing() {
    assertThat(macs("Conv", new HashMap<>(), Map.of())).isZero();
  }

  @Test
  void run_givesShapesAndPeak() {
    Map<String, Tensor> weights = Map.of("w", Tensor.allocate(DType.FLOAT, Shape.of(3, 2, 3, 3)));
    Graph graph =
        graph(
            weights,
            Node.of(
                "conv",
                "Conv",
                List.of("x", "w"),
                List.of("mid"),
                Map.of("pads", Attribute.ints(1, 1, 1, 1))),
            Node.of("relu", "Relu", List.of("mid"), List.of("out"), Map.of()));
    ModelCost cost =
        ModelCost.of(model(graph), Map.of("x", Tensor.allocate(DType.FLOAT, Shape.of(1, 2, 4, 4))));
    assertThat(cost.macs()).isEqualTo(3 * 16 * 18);
    assertThat(cost.nodes()).containsExactly(new ModelCost.NodeCost("conv", "Conv", 3 * 16 * 18));
    assertThat(cost.peakBytes()).isBetween(3 * 16 * 4L, 10_000L);
  }

  @Test
  void size_countsConstantsByType() {
    Map<String, Tensor> weights =
        Map.of(
            "w", Tensor.allocate(DType.FLOAT, Shape.of(3, 2)),
            "q", Tensor.allocate(DType.INT8, Shape.of(5)),
            "shape", Tensor.ofLongs(Shape.of(2), 1, 2));
    Node constant =
        Node.of(
            "Constant",
            List.of(),
            List.of("c"),
            Map.of("value", Attribute.of(Tensor.ofFloats(Shape.of(1), 1f))));
    ModelSize size = ModelSize.of(model(graph(weights, constant)), 1234);
    assertThat(size)
        .isEqualTo(
            new ModelSize(
                1234, 24 + 5 + 16 + 4, 6 + 5 + 1, Map.of("float", 28L, "int8", 5L, "int64", 16L)));
  }

  @Test
  void residentMemory_isReadWhereTheSystemTellsIt() {
    boolean told = Files.isReadable(Path.of("/proc/self/status"));
    assertThat(PeakMemory.bytes().isPresent()).isEqualTo(told);
    assertThat(PeakMemory.currentBytes().orElse(0))
        .isLessThanOrEqualTo(PeakMemory.bytes().orElse(0));
  }
}
