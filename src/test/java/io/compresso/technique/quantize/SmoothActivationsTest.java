package io.compresso.technique.quantize;

import static org.assertj.core.api.Assertions.assertThat;

import io.compresso.graph.Model;
import io.compresso.graph.ValueType;
import io.compresso.technique.Technique;
import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import io.compresso.testing.Graphs;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SmoothActivationsTest {
  private static final int WIDTH = 32;

  @TempDir private Path work;

  /** Gains of which a few are 60 times the others, as in large transformers. */
  private static Tensor gains(long seed) {
    Tensor gains = Fixtures.gaussian(seed, 0.1f, WIDTH);
    for (int j = 0; j < WIDTH; j++) {
      gains.setFloat(j, (1 + gains.getFloat(j)) * (j % 11 == 5 ? 60 : 1));
    }
    return gains;
  }

  /** Weights that read outlier channels as much as the others. */
  private static Tensor weights(long seed) {
    Tensor weights = Fixtures.gaussian(seed, 0.2f, WIDTH, WIDTH);
    for (int i = 0; i < weights.size(); i++) {
      weights.setFloat(i, weights.getFloat(i) / (i / WIDTH % 11 == 5 ? 30 : 1));
    }
    return weights;
  }

  private static Graphs start(int opset) {
    return Graphs.opset(opset)
        .input("x", ValueType.tensor(DType.FLOAT, Shape.of(1, 12, WIDTH)))
        .constant("gain", gains(1))
        .constant("shift", Fixtures.gaussian(2, 0.1f, WIDTH))
        .constant("q", weights(3))
        .constant("v", weights(4))
        .constant("vb", Fixtures.gaussian(5, 0.2f, WIDTH))
        .constant("o", Fixtures.gaussian(6, 0.2f, WIDTH, 16));
  }

  private static Graphs attention(Graphs graphs) {
    return graphs
        .node("k = MatMul n q")
        .node("m = MatMul n v")
        .node("w = Add m vb")
        .node("r = Relu w")
        .node("p = Softmax k", "axis", -1)
        .node("a = Mul p r")
        .node("y = MatMul r o")
        .output("y", "a");
  }

  private static Model block(String norm) {
    return switch (norm) {
      case "operator" ->
          attention(start(17).node("n = LayerNormalization x gain shift", "axis", -1)).model();
      case "arithmetic" ->
          attention(start(13).node("g = Mul x gain").node("n = Add g shift")).model();
      default ->
          attention(
                  start(17)
                      .node("n = LayerNormalization x gain shift", "axis", -1)
                      .node("other = Neg n")
                      .output("other"))
              .model();
    };
  }

  @ParameterizedTest
  @ValueSource(strings = {"operator", "arithmetic", "residual"})
  void smoothing_keepsTheFunction(String norm) {
    Model model = block(norm);
    SmoothActivations pass = new SmoothActivations(model, true, true);
    ChannelMaxima maxima = new ChannelMaxima(pass.values());
    Map<String, Tensor> inputs = Fixtures.inputs(model, 4);
    Fixtures.observe(model, inputs, (name, value) -> maxima.observe(name, value, false));
    Model smooth = pass.smooth(maxima, 0.5);
    assertThat(smooth).isNotSameAs(model);
    assertThat(Fixtures.sqnr(Fixtures.inEngine(model, inputs), Fixtures.inEngine(smooth, inputs)))
        .isGreaterThan(100);
    assertThat(smooth.graph().nodes().stream().filter(node -> node.is("Mul")).count())
        .isEqualTo(
            model.graph().nodes().stream().filter(node -> node.is("Mul")).count()
                + switch (norm) {
                  case "residual" -> 2;
                  default -> 1;
                });
  }

  @Test
  void folding_addsNothing_andLeavesValuesThatOthersRead() {
    SmoothActivations pass = new SmoothActivations(block("residual"), false, true);
    assertThat(pass.values()).isEmpty();
    assertThat(new SmoothActivations(block("operator"), false, true).values())
        .containsOnlyKeys("n");
  }

  @ParameterizedTest
  @ValueSource(strings = {"operator", "arithmetic"})
  void smoothQuant_gainsSixDecibels_whereChannelsAreOutliers(String norm) throws Exception {
    Model model = block(norm);
    double plain = ratio(model, "off");
    double smooth = ratio(model, "fold");
    assertThat(smooth).isGreaterThan(plain + 6);
  }

  private double ratio(Model model, String smooth) throws Exception {
    Technique.Outcome outcome =
        Fixtures.quantize(
            model,
            Map.of("activations", Map.of("smooth", smooth, "observer", "min-max")),
            Fixtures.briefly(Fixtures.source(20, i -> Fixtures.inputs(model, i)), work));
    double sum = 0;
    for (int seed = 100; seed < 110; seed++) {
      Map<String, Tensor> inputs = Fixtures.inputs(model, seed);
      sum +=
          Fixtures.sqnr(
              Fixtures.inEngine(model, inputs), Fixtures.inPeer(outcome.model(), inputs, work));
    }
    return sum / 10;
  }

  @ParameterizedTest
  @CsvSource({"1, true", "4, true", "1, false"})
  void smoothing_betweenConvolutions_keepsTheFunction(int groups, boolean bias) {
    Graphs graphs =
        Graphs.opset(13)
            .input("x", ValueType.tensor(DType.FLOAT, Shape.of(1, 4, 7, 7)))
            .constant("w", Fixtures.gaussian(1, 0.3f, 8, 4, 3, 3))
            .constant("b", Fixtures.gaussian(2, 0.3f, 8))
            .constant("v", Fixtures.gaussian(3, 0.3f, 8, 8L / groups, 3, 3))
            .node(bias ? "c = Conv x w b" : "c = Conv x w")
            .node("r = Relu c")
            .node("y = Conv r v", "group", groups)
            .output("y");
    Model model = graphs.model();
    assertThat(new SmoothActivations(model, false, false).values()).isEmpty();
    SmoothActivations pass = new SmoothActivations(model, false, true);
    assertThat(pass.values()).containsOnly(Map.entry("r", 1));
    ChannelMaxima maxima = new ChannelMaxima(pass.values());
    Map<String, Tensor> inputs = Fixtures.inputs(model, 4);
    Fixtures.observe(model, inputs, (name, value) -> maxima.observe(name, value, false));
    Model smooth = pass.smooth(maxima, 0.5);
    assertThat(smooth).isNotSameAs(model);
    assertThat(Fixtures.sqnr(Fixtures.inEngine(model, inputs), Fixtures.inEngine(smooth, inputs)))
        .isGreaterThan(100);
  }
}
