package io.compresso.technique.quantize;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;

import io.compresso.graph.Annotations;
import io.compresso.graph.Attribute;
import io.compresso.graph.Graph;
import io.compresso.graph.GraphException;
import io.compresso.graph.Model;
import io.compresso.graph.Node;
import io.compresso.graph.ValueInfo;
import io.compresso.graph.ValueType;
import io.compresso.graph.ValueType.TensorType;
import io.compresso.technique.Problem;
import io.compresso.technique.Report;
import io.compresso.technique.Technique;
import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import io.compresso.testing.Graphs;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class HalfMethodTest {
  @TempDir private Path work;

  private static final ValueType IMAGE = ValueType.tensor(DType.FLOAT, Shape.of(1, 4, 6, 6));

  private static Graphs convolution(float scale) {
    return Graphs.opset(13)
        .input("x", IMAGE)
        .constant("w", Fixtures.gaussian(1, scale, 4, 4, 3, 3))
        .constant("v", Fixtures.gaussian(2, 0.3f, 4, 4, 1, 1))
        .constant("scales", Tensor.ofFloats(Shape.of(4), 1, 1, 2, 2))
        .node(Node.of("first", "Conv", List.of("x", "w"), List.of("a"), Map.of()))
        .node(Node.of("Relu", List.of("a"), List.of("r"), Map.of()))
        .node(Node.of("Resize", List.of("r", "", "scales"), List.of("z"), Map.of()))
        .constant("down", Tensor.scalar(0.3f / scale))
        .node(Node.of("Mul", List.of("z", "down"), List.of("s"), Map.of()))
        .node(Node.of("second", "Conv", List.of("s", "v"), List.of("y"), Map.of()))
        .output("y");
  }

  private Technique.Outcome convert(Model model, Map<String, ?> fields) {
    return Fixtures.quantize(
        model, fields, Fixtures.context(Fixtures.source(4, i -> Fixtures.inputs(model, i)), work));
  }

  private void assertAgrees(Model parent, Model child, double db) throws Exception {
    Map<String, Tensor> inputs = Fixtures.inputs(parent, 9);
    Map<String, Tensor> expected = Fixtures.inEngine(parent, inputs);
    assertThat(Fixtures.sqnr(expected, Fixtures.inPeer(child, inputs, work))).isGreaterThan(db);
    assertThat(Fixtures.sqnr(expected, Fixtures.inEngine(child, inputs))).isGreaterThan(db);
  }

  @ParameterizedTest
  @CsvSource({"fp16, 60", "bf16, 40"})
  void half_computesAsTheParent_andTakesFloats(String mode, double db) throws Exception {
    Model model = convolution(0.3f).model();
    Technique.Outcome outcome = convert(model, Map.of("mode", mode));
    assertThat(outcome.layers()).extracting(Report.Layer::precision).containsOnly(mode);
    assertThat(outcome.layers()).extracting(Report.Layer::sqnrDb).doesNotContainNull();
    assertThat(outcome.compressedBytes() * 2).isEqualTo(outcome.floatBytes());
    assertThat(outcome.model().graph().inputs()).isEqualTo(model.graph().inputs());
    assertAgrees(model, outcome.model(), db);
  }

  @Test
  void fp16_changesTheEndsToo_whenAsked() throws Exception {
    Model model = convolution(0.3f).model();
    Model child = convert(model, Map.of("mode", "fp16", "half", Map.of("io", "half"))).model();
    assertThat(child.graph().inputs())
        .extracting(ValueInfo::type)
        .containsExactly(new TensorType(DType.FLOAT16, ((TensorType) IMAGE).dims()));
    assertThat(child.graph().nodes()).extracting(Node::opType).doesNotContain("Cast");
    Tensor x = Fixtures.inputs(model, 9).get("x");
    Tensor narrow = Tensor.allocate(DType.FLOAT16, x.shape());
    for (long i = 0; i < x.size(); i++) {
      narrow.setFloat(i, x.getFloat(i));
    }
    Map<String, Tensor> expected = Fixtures.inEngine(model, Map.of("x", x));
    Map<String, Tensor> actual = Fixtures.inPeer(child, Map.of("x", narrow), work);
    assertThat(actual.get("y").dtype()).isEqualTo(DType.FLOAT16);
    assertThat(Fixtures.sqnr(expected, actual)).isGreaterThan(55);
  }

  @Test
  void bf16_refusesOtherEnds() {
    Model model = convolution(0.3f).model();
    QuantizeParams params = Fixtures.params(Map.of("mode", "bf16", "half", Map.of("io", "half")));
    assertThat(new Quantize().check(model, params, Fixtures.context(null, work)))
        .extracting(Problem::path)
        .containsExactly("half.io");
  }

  @Test
  void fp16_keepsNodesInFp32_whenTheirValuesOverflow() throws Exception {
    Model model = convolution(15_000).model();
    Technique.Outcome outcome = convert(model, Map.of("mode", "fp16"));
    assertThat(outcome.layers())
        .filteredOn(layer -> layer.node().equals("first"))
        .singleElement()
        .satisfies(layer -> {
          assertThat(layer.precision()).isEqualTo("fp32");
          assertThat(layer.note()).contains("near the end of float16's range");
        });
    assertAgrees(model, outcome.model(), 60);
  }

  @Test
  void fp16_keepsLayersBelowTheLeastRatio() {
    Technique.Outcome outcome =
        convert(
            convolution(0.3f).model(),
            Map.of("mode", "fp16", "half", Map.of("minSqnrDb", 75), "operators", List.of("Conv")));
    assertThat(outcome.layers())
        .allSatisfy(layer ->
            assertThat(layer.precision())
                .isEqualTo(layer.sqnrDb() != null && layer.sqnrDb() < 75 ? "fp32" : "fp16"));
  }

  @Test
  void fp16_convertsSubgraphs_andWhatTheyCapture() throws Exception {
    Graph then = branch("t", Node.of("inner", "MatMul", List.of("m", "w"), List.of("t"), Map.of()));
    Graph otherwise = branch("e", Node.of("Relu", List.of("m"), List.of("e"), Map.of()));
    Model model =
        Graphs.opset(13)
            .input("x", ValueType.tensor(DType.FLOAT, Shape.of(4, 8)))
            .input("c", ValueType.tensor(DType.BOOL, Shape.SCALAR))
            .constant("w", Fixtures.gaussian(3, 0.3f, 8, 8))
            .node(Node.of("outer", "MatMul", List.of("x", "w"), List.of("m"), Map.of()))
            .node(
                Node.of(
                    "If",
                    List.of("c"),
                    List.of("y"),
                    Map.of(
                        "then_branch", Attribute.of(then), "else_branch", Attribute.of(otherwise))))
            .output("y")
            .model();
    Technique.Outcome outcome = convert(model, Map.of("mode", "fp16"));
    assertThat(outcome.layers())
        .extracting(Report.Layer::node, Report.Layer::precision)
        .containsExactly(tuple("outer", "fp16"), tuple("inner", "fp16"));
    for (byte condition = 0; condition < 2; condition++) {
      Map<String, Tensor> inputs = Fixtures.inputs(model, 5);
      inputs.put("c", Tensor.ofBytes(DType.BOOL, Shape.SCALAR, condition));
      Map<String, Tensor> expected = Fixtures.inEngine(model, inputs);
      assertThat(Fixtures.sqnr(expected, Fixtures.inPeer(outcome.model(), inputs, work)))
          .isGreaterThan(55);
      assertThat(Fixtures.sqnr(expected, Fixtures.inEngine(outcome.model(), inputs)))
          .isGreaterThan(55);
    }
  }

  private static Graph branch(String output, Node node) {
    return new Graph(
        "branch",
        List.of(),
        List.of(new ValueInfo(output, new TensorType(DType.FLOAT, null))),
        List.of(node),
        Map.of(),
        Map.of(),
        Annotations.NONE);
  }

  @Test
  void fp16_isRefused_whenNothingCanBeHalf() {
    Model model =
        Graphs.opset(13)
            .input("x", ValueType.tensor(DType.INT64, Shape.of(4)))
            .node(Node.of("Neg", List.of("x"), List.of("y"), Map.of()))
            .output("y")
            .model();
    assertThatThrownBy(() -> convert(model, Map.of("mode", "fp16")))
        .isInstanceOf(GraphException.class)
        .hasMessageContaining("no node of the model");
  }
}
