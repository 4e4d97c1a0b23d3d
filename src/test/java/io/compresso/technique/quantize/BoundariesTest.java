package io.compresso.technique.quantize;

import static org.assertj.core.api.Assertions.assertThat;

import io.compresso.graph.Model;
import io.compresso.graph.Node;
import io.compresso.graph.ValueType;
import io.compresso.technique.BatchSource;
import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import io.compresso.testing.Graphs;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Between layers, integers reach the operators that are computed in floats, by a job's fields. */
class BoundariesTest {
  @TempDir private Path work;

  private static Model model() {
    return Graphs.opset(17)
        .input("x", ValueType.tensor(DType.FLOAT, Shape.of(1, 3, 6, 8)))
        .constant("k", Fixtures.gaussian(1, 0.3f, 8, 3, 3, 3))
        .constant("scales", Tensor.ofFloats(Shape.of(4), 1, 1, 2, 2))
        .constant("v", Fixtures.gaussian(2, 0.3f, 4, 8, 1, 1))
        .constant("g", Fixtures.gaussian(3, 1, 16))
        .constant("h", Fixtures.gaussian(4, 1, 16))
        .constant("w", Fixtures.gaussian(5, 0.3f, 16, 16))
        .constant("u", Fixtures.gaussian(6, 0.3f, 16, 8))
        .node("c = Conv x k", "pads", new long[] {1, 1, 1, 1})
        .node("r = Resize c  scales", "mode", "nearest")
        .node("d = Conv r v")
        .node("n = LayerNormalization d g h", "axis", -1)
        .node("m = MatMul n w")
        .node("s = Softmax m", "axis", -1)
        .node("y = MatMul s u")
        .output("y")
        .model();
  }

  private static Map<String, Tensor> inputs(long seed) {
    return Map.of("x", Fixtures.gaussian(seed, 1, 1, 3, 6, 8));
  }

  @ParameterizedTest
  @CsvSource({
    "8, min-max, mse, 12", "8, moving-average, min-max, 12", "8, percentile, entropy, 12",
    "8, entropy, percentile, 12", "8, mse, moving-average, 12", "16, mse, mse, 25"
  })
  void floatOperators_areBetweenIntegers_withAnyObserverOfWeightsAndActivations(
      int bits, String ofWeights, String ofActivations, double db) throws Exception {
    BatchSource calibration = Fixtures.source(24, i -> inputs(100 + i));
    Model child =
        Fixtures.quantize(
                model(),
                Map.of(
                    "weights", Map.of("observer", ofWeights),
                    "activations", Map.of("bits", bits, "observer", ofActivations)),
                Fixtures.context(calibration, work))
            .model();
    GraphIndex index = new GraphIndex(child.graph());
    for (String operator : List.of("Resize", "LayerNormalization", "Softmax")) {
      Node node =
          child.graph().nodes().stream()
              .filter(each -> each.is(operator))
              .findFirst()
              .orElseThrow();
      // A product whose result Softmax alone reads gives floats.
      Node before = index.producer(node.inputs().getFirst());
      assertThat(before == null ? "" : before.opType())
          .as(operator)
          .isEqualTo(operator.equals("Softmax") ? "MatMul" : "DequantizeLinear");
      assertThat(child.graph().nodes())
          .as(operator)
          .filteredOn(each -> each.inputs().contains(node.outputs().getFirst()))
          .extracting(Node::opType)
          .containsOnly("QuantizeLinear");
    }
    Map<String, Tensor> expected = Fixtures.inEngine(model(), inputs(7));
    Map<String, Tensor> peer = Fixtures.inPeer(child, inputs(7), work);
    assertThat(Fixtures.sqnr(expected, peer)).isGreaterThan(db);
    assertThat(Fixtures.sqnr(peer, Fixtures.inEngine(child, inputs(7)))).isGreaterThan(35);
  }
}
