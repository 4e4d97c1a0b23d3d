package io.compresso.technique.quantize;

import static org.assertj.core.api.Assertions.assertThat;

import io.compresso.graph.Model;
import io.compresso.graph.Node;
import io.compresso.graph.ValueType;
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

class DynamicMethodTest {
  private static final int INPUT = 24;
  private static final int HIDDEN = 20;

  @TempDir private Path work;

  private static Model recurrent(String operator, String direction) {
    int gates = operator.equals("LSTM") ? 4 : operator.equals("GRU") ? 3 : 1;
    int directions = direction.equals("bidirectional") ? 2 : 1;
    return Graphs.opset(14)
        .input("x", ValueType.tensor(DType.FLOAT, Shape.of(9, 2, INPUT)))
        .constant("w", Fixtures.gaussian(1, 0.3f, directions, (long) gates * HIDDEN, INPUT))
        .constant("r", Fixtures.gaussian(2, 0.2f, directions, (long) gates * HIDDEN, HIDDEN))
        .constant("b", Fixtures.gaussian(3, 0.2f, directions, 2L * gates * HIDDEN))
        .node("y h = " + operator + " x w r b", "hidden_size", HIDDEN, "direction", direction)
        .output("y", "h")
        .model();
  }

  @ParameterizedTest
  @CsvSource({
    "LSTM, forward, true", "LSTM, bidirectional, true", "LSTM, reverse, false",
    "GRU, forward, true", "GRU, bidirectional, false", "RNN, bidirectional, true"
  })
  void recurrentLayers_keepThirtyDecibelsAtAQuarterOfTheWeights(
      String operator, String direction, boolean perChannel) throws Exception {
    Model model = recurrent(operator, direction);
    Technique.Outcome outcome =
        Fixtures.quantize(
            model,
            Map.of("mode", "dynamic", "weights", Map.of("perChannel", perChannel)),
            Fixtures.context(null, work));
    assertThat(outcome.layers())
        .singleElement()
        .satisfies(layer -> assertThat(layer.precision()).startsWith("int8"));
    assertThat((double) outcome.compressedBytes() / outcome.floatBytes()).isLessThan(0.32);
    Map<String, Tensor> inputs = Fixtures.inputs(model, 5);
    Map<String, Tensor> parent = Fixtures.inEngine(model, inputs);
    assertThat(Fixtures.sqnr(parent, Fixtures.inPeer(outcome.model(), inputs, work)))
        .isGreaterThan(30);
    assertThat(Fixtures.sqnr(parent, Fixtures.inEngine(outcome.model(), inputs))).isGreaterThan(30);
  }

  @Test
  void attention_becomesItsIntegerForm() throws Exception {
    Model model =
        Graphs.opset(14)
            .domain("com.microsoft", 1)
            .input("x", ValueType.tensor(DType.FLOAT, Shape.of(1, 6, 32)))
            .constant("w", Fixtures.gaussian(1, 0.2f, 32, 96))
            .constant("b", Fixtures.gaussian(2, 0.2f, 96))
            .node("y = com.microsoft:Attention x w b", "num_heads", 4)
            .output("y")
            .model();
    Technique.Outcome outcome =
        Fixtures.quantize(model, Map.of("mode", "dynamic"), Fixtures.context(null, work));
    assertThat(outcome.model().graph().nodes()).extracting(Node::opType).contains("QAttention");
    Map<String, Tensor> inputs = Fixtures.inputs(model, 5);
    Map<String, Tensor> parent = Fixtures.inEngine(model, inputs);
    assertThat(Fixtures.sqnr(parent, Fixtures.inPeer(outcome.model(), inputs, work)))
        .isGreaterThan(30);
    assertThat(Fixtures.sqnr(parent, Fixtures.inEngine(outcome.model(), inputs))).isGreaterThan(30);
  }

  @Test
  void embeddings_areIntegers_andLayersAreMeasuredWithData() throws Exception {
    Model model =
        Graphs.opset(14)
            .input("ids", ValueType.tensor(DType.INT64, Shape.of(1, 6)))
            .constant("table", Fixtures.gaussian(1, 1, 50, 32))
            .constant("w", Fixtures.gaussian(2, 0.2f, 32, 16))
            .node("e = Gather table ids")
            .node("y = MatMul e w")
            .output("y")
            .model();
    Technique.Outcome outcome =
        Fixtures.quantize(
            model,
            Map.of("mode", "dynamic"),
            Fixtures.context(Fixtures.source(4, i -> Fixtures.inputs(model, i)), work));
    assertThat(outcome.layers()).hasSize(2);
    assertThat(outcome.layers()).extracting(Report.Layer::sqnrDb).doesNotContainNull();
    assertThat(outcome.layers())
        .extracting(Report.Layer::precision)
        .isEqualTo(List.of("int8-weights", "int8"));
    Map<String, Tensor> inputs = Fixtures.inputs(model, 5);
    assertThat(
            Fixtures.sqnr(
                Fixtures.inEngine(model, inputs), Fixtures.inPeer(outcome.model(), inputs, work)))
        .isGreaterThan(30);
  }
}
