package io.compresso.technique.quantize;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.compresso.graph.Model;
import io.compresso.graph.Node;
import io.compresso.graph.ValueType;
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

class WeightOnlyMethodTest {
  /** A row's zero points begin at a byte of their own. */
  private static final long PADDING = 120;

  @TempDir private Path work;

  /** An embedding, two products whose depths are no multiples of a block, a convolution. */
  private static Model model() {
    return Graphs.opset(13)
        .input("ids", ValueType.tensor(DType.INT64, Shape.of(1, 7)))
        .constant("table", Fixtures.gaussian(1, 1, 40, 40))
        .constant("w", Fixtures.gaussian(2, 0.2f, 40, 72))
        .constant("v", Fixtures.gaussian(3, 0.2f, 24, 72))
        .constant("b", Fixtures.gaussian(4, 0.2f, 24))
        .constant("k", Fixtures.gaussian(5, 0.2f, 8, 7, 3))
        .constant("rows", Tensor.ofLongs(Shape.of(2), 7, 72))
        .constant("image", Tensor.ofLongs(Shape.of(3), 1, 7, 24))
        .node(Node.of("embed", "Gather", List.of("table", "ids"), List.of("e"), Map.of()))
        .node(Node.of("first", "MatMul", List.of("e", "w"), List.of("m"), Map.of()))
        .node("r = Relu m")
        .node("f = Reshape r rows")
        .node("g = Gemm f v b", "transB", 1)
        .node("i = Reshape g image")
        .node("y = Conv i k")
        .output("y")
        .model();
  }

  private static Map<String, Tensor> ids(long seed) {
    long[] ids = new long[7];
    for (int i = 0; i < ids.length; i++) {
      ids[i] = (seed * 7 + i * 5L) % 40;
    }
    return Map.of("ids", Tensor.ofLongs(Shape.of(1, 7), ids));
  }

  private Technique.Outcome quantize(Map<String, ?> weights, String format) {
    return Fixtures.quantize(
        model(),
        Map.of("mode", "weight-only", "weights", weights, "format", format),
        Fixtures.context(Fixtures.source(12, WeightOnlyMethodTest::ids), work));
  }

  @ParameterizedTest
  @CsvSource({
    "8, 32, true, qdq, 37",
    "8, 0, false, qdq, 35",
    "8, 64, false, qoperator, 38",
    "8, 16, true, qoperator, 38",
    "4, 32, false, qdq, 17",
    "4, 16, true, qdq, 17",
    "4, 0, false, qdq, 14",
    "4, 32, false, qoperator, 17",
    "4, 128, true, qoperator, 14"
  })
  void weights_areIntegersThatBothRuntimesRead(
      int bits, int block, boolean symmetric, String format, double db) throws Exception {
    Technique.Outcome outcome =
        quantize(Map.of("bits", bits, "block", block, "symmetric", symmetric), format);
    Map<String, Tensor> inputs = ids(99);
    Map<String, Tensor> parent = Fixtures.inEngine(model(), inputs);
    Map<String, Tensor> peer = Fixtures.inPeer(outcome.model(), inputs, work);
    Map<String, Tensor> engine = Fixtures.inEngine(outcome.model(), inputs);
    assertThat(Fixtures.sqnr(parent, peer)).isGreaterThan(db);
    // ONNX Runtime quantizes the activations too when it fuses DequantizeLinear into a product.
    assertThat(Fixtures.sqnr(peer, engine)).isGreaterThan(format.equals("qdq") ? 40 : 90);
    assertThat(outcome.layers())
        .filteredOn(layer -> layer.opType().equals("MatMul") || layer.opType().equals("Gemm"))
        .hasSize(2)
        .allSatisfy(layer -> assertThat(layer.precision()).isEqualTo("int" + bits + "-weights"));
    assertThat(outcome.layers())
        .filteredOn(layer -> layer.opType().equals("Gather"))
        .extracting(Report.Layer::precision)
        .containsExactly("int8-weights");
    assertThat((double) outcome.compressedBytes() / outcome.floatBytes())
        .isLessThan(bits == 8 ? 0.4 : 0.3);
  }

  private static Model embedding(int depth) {
    return Graphs.opset(13)
        .input("ids", ValueType.tensor(DType.INT64, Shape.of(1, 7)))
        .constant("table", Fixtures.gaussian(1, 1, 120, depth))
        .node(Node.of("embed", "Gather", List.of("table", "ids"), List.of("y"), Map.of()))
        .output("y")
        .model();
  }

  @ParameterizedTest
  @CsvSource({
    "64, 32, true, qdq, 4, 18",
    "96, 64, false, qdq, 4, 18",
    "48, 0, false, qdq, 4, 18",
    "64, 16, true, qoperator, 4, 20",
    "96, 128, false, qoperator, 4, 18",
    "56, 32, false, qoperator, 8, 40"
  })
  void tables_areOfFourBitsThatBothRuntimesRead(
      int depth, int block, boolean symmetric, String format, int bits, double db)
      throws Exception {
    Map<String, ?> weights = Map.of("embeddingBits", 4, "block", block, "symmetric", symmetric);
    Technique.Outcome outcome =
        Fixtures.quantize(
            embedding(depth),
            Map.of("mode", "weight-only", "weights", weights, "format", format),
            Fixtures.context(Fixtures.source(12, WeightOnlyMethodTest::ids), work));
    Map<String, Tensor> inputs = ids(99);
    Map<String, Tensor> peer = Fixtures.inPeer(outcome.model(), inputs, work);
    Map<String, Tensor> engine = Fixtures.inEngine(outcome.model(), inputs);
    assertThat(Fixtures.sqnr(Fixtures.inEngine(embedding(depth), inputs), peer)).isGreaterThan(db);
    assertThat(Fixtures.sqnr(peer, engine)).isGreaterThan(120);
    assertThat(outcome.layers())
        .extracting(Report.Layer::precision)
        .containsExactly("int" + bits + "-weights");
    assertThat(
            outcome.model().graph().initializers().values().stream()
                .mapToLong(value -> ((Tensor) value).byteSize())
                .sum())
        .isCloseTo(outcome.compressedBytes(), within(PADDING));
  }

  @ParameterizedTest
  @CsvSource({"gptq", "adaround"})
  void rounding_keepsTheOutputsBetter_thanToNearest(String rounding) {
    double nearest = ratio(Map.of("bits", 4, "block", 0, "rounding", "nearest"));
    double better = ratio(Map.of("bits", 4, "block", 0, "rounding", rounding));
    assertThat(better).isGreaterThan(nearest + 1);
  }

  private double ratio(Map<String, ?> weights) {
    Model child = quantize(weights, "qdq").model();
    double sum = 0;
    for (int seed = 20; seed < 28; seed++) {
      sum +=
          Fixtures.sqnr(Fixtures.inEngine(model(), ids(seed)), Fixtures.inEngine(child, ids(seed)));
    }
    return sum / 8;
  }

  @Test
  void parameters_areRefused_whenNoFormHoldsThem() {
    assertThat(problems(Map.of("mode", "static", "weights", Map.of("bits", 4))))
        .contains("weights.bits");
    assertThat(problems(Map.of("mode", "weight-only", "weights", Map.of("bits", 5))))
        .containsExactly("weights.bits");
    assertThat(problems(Map.of("mode", "static", "weights", Map.of("embeddingBits", 4))))
        .contains("weights.embeddingBits");
    assertThat(problems(Map.of("mode", "weight-only", "weights", Map.of("embeddingBits", 6))))
        .containsExactly("weights.embeddingBits");
    assertThat(problems(Map.of("mode", "weight-only", "weights", Map.of("block", 48))))
        .containsExactly("weights.block");
    assertThat(
            problems(
                Map.of(
                    "mode", "weight-only", "format", "qoperator", "weights", Map.of("block", 0))))
        .containsExactly("weights.block");
    assertThat(problems(Map.of("mode", "weight-only", "weights", Map.of("observer", "entropy"))))
        .containsExactly("weights.observer");
    assertThat(problems(Map.of("mode", "weight-only", "weights", Map.of("rounding", "gptq"))))
        .containsExactly("weights.rounding");
  }

  private List<String> problems(Map<String, ?> fields) {
    return new Quantize()
        .check(model(), Fixtures.params(fields), Fixtures.context(null, work)).stream()
            .map(Problem::path)
            .toList();
  }
}
